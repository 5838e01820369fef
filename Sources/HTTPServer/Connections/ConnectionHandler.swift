import Basics
import CLinux
import Glibc
import HTTPSemantics

/// Serves one connection in its turn: reads, routes, responds, streams. Confined to its event loop.
final class ConnectionHandler {
    private static let readBytes = 65_536
    /// How often a stream that always has more may produce before others have their turn, its slice permitting.
    private static let roundsPerTurn = 4

    private let limits: HTTPServerLimits
    private let connections: OpenConnections
    private let turns: Turns
    private let writer: ConnectionWriter
    private let responder: Responder
    private let proxied: ProxiedConnections
    private let readBuffer = UnsafeMutablePointer<UInt8>.allocate(capacity: ConnectionHandler.readBytes)
    private var produced: [UInt8] = []

    init(
        _ configuration: HTTPServerConfiguration,
        _ connections: OpenConnections,
        _ turns: Turns,
        _ idleEviction: IdleEviction
    ) {
        limits = configuration.limits
        self.connections = connections
        self.turns = turns
        writer = ConnectionWriter(connections, turns)
        responder = Responder(configuration, output: writer.output)
        proxied = ProxiedConnections(configuration, connections, idleEviction)
    }

    deinit { readBuffer.deallocate() }

    // MARK: Turns

    func beginTurn() { responder.refreshDate() }

    /// The turn of a queued connection. One that has left the queue meanwhile, by closing, is skipped.
    func serve(_ connection: Connection) {
        guard connection.isQueued, !connection.isClosed else { return }
        connection.isQueued = false
        switch connection.phase {
        case .streaming: produce(connection)
        case .pending(let pending): ask(pending, on: connection)
        case .reading where connection.input.isEmpty:
            receive(connection)
            return
        case .reading, .sending, .lingering, .closed: break
        }
        turns.noteTime()
        // The requests that came behind a response that has gone out.
        if connection.isReading, !connection.input.isEmpty {
            if turns.isSliceUp { turns.postpone(connection) } else { processInput(connection) }
        }
        connections.settle(connection)
        // The rest of a half request lies in the socket: left there, this connection would only queue again.
        if connection.isReading, !connection.isQueued, !connection.input.isEmpty { receive(connection) }
    }

    /// Responds to a probe and closes its connection at once, whatever its client does: its slot is for the next one. What comes behind
    /// the probe is not read.
    func serve(_ probe: AcceptedConnection.Probe, on connection: Connection) {
        connection.requestCount = 1
        respond(to: responder.request(probe.head, body: [], on: connection), on: connection)
        writer.flush(connection)
        connections.close(connection, .stalled)
    }

    /// The socket takes bytes again.
    func resume(_ connection: Connection) { writer.resume(connection) }

    // MARK: Reading

    /// The socket is readable.
    func receive(_ connection: Connection) {
        switch systemCall({ recv(connection.descriptor, readBuffer, Self.readBytes, 0) }) {
        case .wouldBlock:
            connections.settle(connection)
        case .failed, .done(0):
            connections.close(connection, .clientGone)
        case .done(let count):
            if connection.isLingering { return }
            if connection.input.isEmpty {
                let used = process(UnsafeBufferPointer(start: readBuffer, count: count), on: connection)
                if used < count, !connection.isClosed {
                    connection.input = Array(UnsafeBufferPointer(start: readBuffer + used, count: count - used))
                }
            } else {
                connection.input.append(contentsOf: UnsafeBufferPointer(start: readBuffer, count: count))
                processInput(connection)
            }
            connections.settle(connection)
        }
    }

    private func processInput(_ connection: Connection) {
        var bytes: [UInt8] = []
        swap(&bytes, &connection.input)
        let used = bytes.withUnsafeBufferPointer { process($0, on: connection) }
        if used == bytes.count || connection.isClosed { return }
        connection.input = used == 0 ? bytes : Array(bytes[used...])
    }

    /// Responds to the requests in `bytes`, in order, as far as they are complete, the client takes the responses and the connection's
    /// slice lasts. Returns how many bytes were consumed.
    private func process(_ bytes: UnsafeBufferPointer<UInt8>, on connection: Connection) -> Int {
        var offset = 0
        var responses = 0
        if connection.origin.awaitsHeader {
            switch proxied.takeHeader(of: connection, from: bytes) {
            case .incomplete: return 0
            case .complete(let length): offset = length
            case .rejected(let rejection):
                reject(rejection, on: connection)
                offset = bytes.count
            case .refused: return bytes.count
            }
        }
        reading: while connection.isReading, offset < bytes.count {
            if responses > 0, responses >= limits.pipelinedRequests || turns.isSliceUp {
                turns.postpone(connection)
                break
            }
            var consumed = 0
            let rest = UnsafeBufferPointer(rebasing: bytes[offset...])
            let outcome = connection.parser.parse(rest, consumed: &consumed, limits: limits)
            offset += consumed
            switch outcome {
            case .incomplete:
                if connection.parser.awaitsContinue {
                    writer.output.append("HTTP/1.1 100 Continue\r\n\r\n")
                    connection.parser.sentContinue()
                }
                break reading
            case .complete(let head, let body):
                connection.requestCount &+= 1
                responses += 1
                let isCostly = turns.isCostly {
                    respond(to: responder.request(head, body: body, on: connection), on: connection)
                }
                connection.isCostly = isCostly || connection.isPending && connection.isQueued
                if writer.output.count > limits.outputBytes { writer.flush(connection) }
            case .rejected(let rejection):
                reject(rejection, on: connection)
                offset = bytes.count
            }
        }
        if offset < bytes.count { connection.lingersRatherThanCloses() }
        if writer.output.count > 0 || connection.isSending { writer.flush(connection) }
        return offset
    }

    // MARK: Responding

    /// Asks the handler, and sends its response with the next flush or begins to wait for it.
    private func respond(to request: HTTPRequest, on connection: Connection) {
        let began = responder.begin()
        let response = responder.respond(to: request)
        if case .pending(let pending) = response.body {
            wait(for: pending, to: request, on: connection, route: response.route, began: began)
        } else {
            send(response, to: request, on: connection, began: began)
        }
    }

    private func send(_ response: HTTPResponse, to request: HTTPRequest, on connection: Connection, began: Instant) {
        var closing = Connection.Closing.keepAlive
        if connection.probeSlot != nil {
            // Its slot is for the next probe: nothing is waited for.
            closing = .close
        } else if !request.head.keepsAlive {
            closing = .close
        } else if connections.closesAfterResponses {
            closing = .linger
        }
        if case .stream(let body) = response.body, isUnframed(body, request, on: connection) {
            body.finished(.stalled)
            return reject(
                RequestRejection(
                    505,
                    "over a Unix socket a long response needs HTTP/1.1 (nginx: proxy_http_version 1.1)"
                ),
                on: connection
            )
        }
        let rest = responder.write(response, to: request, on: connection, began: began, closing: &closing)
        send(rest, on: connection, then: closing)
    }

    /// Whether nothing but the end of the connection would tell that the body is whole. A TCP connection that is cut is reset; a Unix socket
    /// knows no reset, so a cut would look like the end.
    private func isUnframed(_ body: any StreamingBody, _ request: HTTPRequest, on connection: Connection) -> Bool {
        request.minorVersion == 0 && request.method != .head && body.isFinite && body.length == nil
            && connection.origin.peer == .unix
    }

    /// Responds to bytes that are no request; the connection closes after it.
    private func reject(_ rejection: RequestRejection, on connection: Connection) {
        send(responder.writeRejection(rejection, on: connection), on: connection, then: .linger)
    }

    private func send(_ rest: Responder.Rest, on connection: Connection, then closing: Connection.Closing) {
        if closing != .keepAlive { connection.phase = .sending(then: closing) }
        switch rest {
        case .none: break
        case .body(let body): writer.transmit(body, to: connection)
        case .stream(let body, let isChunked):
            start(Connection.ActiveStream(body: body, isChunked: isChunked, closing: closing), on: connection)
        }
    }

    /// Rejects a request that did not arrive in time.
    func timeOut(_ connection: Connection, _ reason: StaticString) {
        reject(RequestRejection(408, reason), on: connection)
        writer.flush(connection)
        connections.settle(connection)
    }

    // MARK: Pending responses

    /// Asks for a pending response at once. If it is not there, the connection waits: it is asked at each wake-up and at its deadlines,
    /// and requests behind it wait unread, so responses stay in order.
    private func wait(
        for response: any PendingResponse,
        to request: HTTPRequest,
        on connection: Connection,
        route: Route?,
        began: Instant
    ) {
        if connections.isStopping { response.drain() }
        let step = response.poll(now: .nanoseconds(connections.clock.now))
        if case .answer(let complete) = step {
            response.finished(.completed)
            send(complete, to: request, on: connection, began: began)
            return
        }
        let pending = PendingRequest(response: response, request: request, route: route, began: began)
        connections.beginWaking(connection, in: .pending(pending))
        // The responses to requests before this one do not wait for it.
        if writer.transmitOutput(connection) {
            pause(connection, step)
        } else {
            connections.close(connection, .clientGone)
        }
    }

    private func ask(_ pending: PendingRequest, on connection: Connection) {
        if connection.halfClosedUntil <= connections.clock.now { pending.response.drain() }
        let step = pending.response.poll(now: .nanoseconds(connections.clock.now))
        guard case .answer(let response) = step else {
            pause(connection, step)
            return
        }
        connections.endWaking(connection, in: .reading)
        pending.response.finished(.completed)
        send(response, to: pending.request, on: connection, began: pending.began)
        // The client may have sent more meanwhile, unread so far.
        connection.lingersRatherThanCloses()
        if writer.output.count > 0 || connection.isSending { writer.flush(connection) }
    }

    private func pause(_ connection: Connection, _ step: PendingStep) {
        switch step {
        case .answer: break
        case .again: turns.enqueueUnlessBlocked(connection)
        case .wait(let until):
            turns.sleep(connection, until: min(until.wholeNanoseconds, connection.halfClosedUntil))
        }
    }

    // MARK: Streaming

    /// Begins a body whose head is in the output; head and first bytes go out together.
    private func start(_ stream: Connection.ActiveStream, on connection: Connection) {
        if limits.unsentStreamBytes < limits.unsentBytes {
            let bytes = Int32(clamping: limits.unsentStreamBytes)
            // If it cannot be set, the listener's holds.
            _ = linux_set_option(connection.descriptor, Int32(IPPROTO_TCP), TCP_NOTSENT_LOWAT, bytes)
        }
        connections.beginWaking(connection, in: .streaming(stream))
        if connections.isStopping { stream.body.drain() }
        produce(connection)
    }

    /// Asks a stream for bytes and sends them, until it waits, ends, the client does not take them, or others have their turn: at the
    /// end of its slice, and after a round that found nothing.
    private func produce(_ connection: Connection) {
        guard case .streaming(let stream) = connection.phase else { return }
        for _ in 0..<Self.roundsPerTurn {
            produced.removeAll(keepingCapacity: true)
            let step = stream.body.produce(
                into: &produced,
                budget: limits.streamBudgetBytes,
                now: .nanoseconds(connections.clock.now)
            )
            if step == .abort {
                writer.output.removeAll()
                connections.resetOnClose(connection)
                connections.close(connection, .completed)
                return
            }
            guard writer.transmit(produced, of: stream, isLast: step == .end, to: connection) else {
                connections.close(connection, .clientGone)
                return
            }
            switch step {
            case .abort: return
            case .end:
                end(stream, on: connection)
                return
            case .wait(let until):
                turns.sleep(connection, until: until?.wholeNanoseconds ?? .max)
                return
            case .again:
                if !connection.unsent.isEmpty {
                    connection.isQueued = false
                    return
                }
            }
            turns.noteTime()
            if produced.isEmpty || turns.isSliceUp { break }
        }
        turns.enqueue(connection)
    }

    private func end(_ stream: Connection.ActiveStream, on connection: Connection) {
        let closing = connections.isStopping && stream.closing == .keepAlive ? .linger : stream.closing
        connections.endWaking(connection, in: .sending(then: closing))
        stream.body.finished(.completed)
        writer.sent(connection)
    }
}
