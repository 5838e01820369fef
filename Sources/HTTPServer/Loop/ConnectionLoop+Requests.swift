import Basics
import Glibc

/// Reading and answering requests.
extension ConnectionLoop {
    /// Bodies up to this size are copied behind their head and share one send with their neighbours; larger ones are
    /// sent from where they are.
    private static let copiedBodyBytes = 16_384

    /// The socket is readable.
    func receive(_ connection: Connection) {
        switch systemCall({ recv(connection.descriptor, readBuffer, Self.readBytes, 0) }) {
        case .wouldBlock:
            settle(connection)
        case .failed, .done(0):
            close(connection, .clientGone)
        case .done(let count):
            if connection.phase == .lingering { return }
            if connection.input.isEmpty {
                let used = process(connection, UnsafeBufferPointer(start: readBuffer, count: count))
                if used < count, connection.phase != .closed {
                    connection.input = Array(UnsafeBufferPointer(start: readBuffer + used, count: count - used))
                }
            } else {
                connection.input.append(contentsOf: UnsafeBufferPointer(start: readBuffer, count: count))
                processInput(connection)
            }
            settle(connection)
        }
    }

    /// Handles the requests that came behind a response that has gone out, or queues them when the connection's slice is over.
    func resume(_ connection: Connection) {
        if connection.phase == .reading, !connection.input.isEmpty {
            if turnTime.isSliceUp { postpone(connection) } else { processInput(connection) }
        }
        settle(connection)
    }

    private func processInput(_ connection: Connection) {
        var bytes: [UInt8] = []
        swap(&bytes, &connection.input)
        let used = bytes.withUnsafeBufferPointer { process(connection, $0) }
        if used == bytes.count || connection.phase == .closed { return }
        connection.input = used == 0 ? bytes : Array(bytes[used...])
    }

    /// Answers the requests in `bytes`, in order, as far as they are complete, the client takes the answers and the connection's slice
    /// lasts. Returns how many bytes were consumed.
    private func process(_ connection: Connection, _ bytes: UnsafeBufferPointer<UInt8>) -> Int {
        var offset = 0
        var answered = 0
        reading: while connection.phase == .reading, offset < bytes.count {
            if answered > 0, answered >= limits.pipelinedRequests || turnTime.isSliceUp {
                postpone(connection)
                break
            }
            var consumed = 0
            let rest = UnsafeBufferPointer(rebasing: bytes[offset...])
            let outcome = connection.parser.parse(rest, consumed: &consumed, limits: limits)
            offset += consumed
            switch outcome {
            case .incomplete:
                if connection.parser.awaitsContinue {
                    output.append("HTTP/1.1 100 Continue\r\n\r\n")
                    connection.parser.sentContinue()
                }
                break reading
            case .complete(let head, let body):
                connection.requestCount &+= 1
                answered += 1
                let began = turnTime.last
                respond(connection, request(head, body: body, on: connection))
                turnTime.note(time())
                connection.isCostly =
                    turnTime.last - began >= turnTime.costly
                    || connection.phase == .polling && connection.streamState == .queued
                if output.count > limits.outputBytes { flush(connection) }
            case .rejected(let rejection):
                reject(connection, rejection)
                offset = bytes.count
            }
        }
        // What lies unread would turn the close into a reset.
        if offset < bytes.count, connection.closing == .close { connection.closing = .linger }
        if output.count > 0 || connection.phase == .sending { flush(connection) }
        return offset
    }

    /// The request of a head and a body, with its identity and its client's key.
    func request(_ head: RequestHead, body: [UInt8], on connection: Connection) -> HTTPRequest {
        var request = HTTPRequest(head: head, body: body, peerAddress: connection.peerAddress)
        request.clientKey = connection.addressKey
        if notes.contains(.requestID) { request.identity = RequestIdentity(head, &identities) }
        return request
    }

    /// Asks the handler, and answers or begins to wait for the answer.
    func respond(_ connection: Connection, _ request: HTTPRequest) {
        let began = observer == nil ? 0 : SystemClock.suspendingNanoseconds()
        let response = handler.respond(to: request)
        if case .pending(let answer) = response.body {
            wait(for: answer, to: request, on: connection, route: response.route, began: began)
        } else {
            answer(connection, request, response, began: began)
        }
    }

    /// Answers a request; the response goes out with the next flush.
    func answer(_ connection: Connection, _ request: HTTPRequest, _ response: HTTPResponse, began: Instant) {
        let isLast = isStopping || connection.probeSlot != nil
        let keepsAlive = request.head.keepsAlive && !isLast
        // A probe's connection is not waited for: its slot is for the next one.
        let lingers = request.head.keepsAlive && connection.probeSlot == nil
        connection.closing = keepsAlive ? .keepAlive : lingers ? .linger : .close
        send(
            response,
            to: connection,
            request,
            isHead: request.head.method == .head,
            minorVersion: request.minorVersion,
            began: began
        )
    }

    /// What names an answer to something that is no request.
    private func madeIdentity() -> RequestIdentity { notes.contains(.requestID) ? identities.next() : .none }

    /// Answers bytes that are no request; the connection closes after it.
    func reject(_ connection: Connection, _ rejection: RequestRejection) {
        let began = observer == nil ? 0 : SystemClock.suspendingNanoseconds()
        let identity = madeIdentity()
        let rejected = RejectedRequest(
            status: rejection.status,
            reason: rejection.reason.description,
            parameter: rejection.pair.map { RejectedRequest.Parameter(pair: $0) },
            id: identity.text(head: [])
        )
        let response = handler.respondToRejected(rejected)
        connection.closing = .linger
        // Version 0, since no chunked body may go to a client that has not shown it can read one.
        send(
            response,
            to: connection,
            nil,
            rejected: (rejected, identity),
            isHead: connection.parser.method == .head,
            minorVersion: 0,
            began: began
        )
    }

    private func send(
        _ response: HTTPResponse,
        to connection: Connection,
        _ request: HTTPRequest?,
        rejected: (RejectedRequest, RequestIdentity)? = nil,
        isHead: Bool,
        minorVersion: Int,
        began: Instant
    ) {
        let framing = ResponseEncoder.framing(of: response, minorVersion: minorVersion)
        if framing == .untilClose, connection.closing == .keepAlive { connection.closing = .close }
        let before = output.count
        let identity = request?.identity ?? rejected?.1 ?? .none
        let duration = observer == nil ? 0 : SystemClock.suspendingNanoseconds() - began
        ResponseEncoder.encodeHead(
            of: response,
            framing: framing,
            keepsAlive: connection.closing == .keepAlive,
            minorVersion: minorVersion,
            date: date.bytes,
            into: output
        ) {
            identity.appendField(head: request?.head.bytes ?? [], to: output)
            if notes.contains(.serverTiming) { ServerTiming.appendField(nanoseconds: duration, to: output) }
        }
        var size = output.count - before
        let isBodyless = isHead || framing == .none
        if case .stream(let stream) = response.body, !isBodyless { size += stream.length ?? 0 }
        var large: [UInt8]?
        if case .bytes(let body) = response.body, !isBodyless {
            size += body.count
            if body.count <= Self.copiedBodyBytes { output.append(body) } else { large = body }
        }
        if let observer {
            var outcome = HTTPOutcome(
                route: response.route,
                status: response.status,
                bytes: size,
                duration: .nanoseconds(duration)
            )
            if case .stream = response.body { outcome.isStream = true }
            outcome.principal = response.principal
            if let (rejected, _) = rejected {
                outcome.rejected = RejectedPeer(
                    address: connection.peerAddress,
                    id: rejected.id,
                    reason: rejected.reason
                )
            }
            observer.responded(to: request, outcome)
        }
        if connection.closing != .keepAlive { connection.phase = .sending }
        if let large {
            transmit(connection, body: large)
        } else if case .stream(let stream) = response.body {
            if isBodyless {
                stream.finished(.completed)
            } else {
                start(stream, on: connection, isChunked: framing == .chunked)
            }
        }
    }
}
