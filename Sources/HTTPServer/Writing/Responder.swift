import Basics
import HTTPSemantics

/// Asks the handler and turns its responses into bytes: names requests, writes head and small bodies, and reports each response.
final class Responder {
    /// The part of a response that is still to be sent once its head, and its body if that is small, are in the output.
    enum Rest {
        case none
        /// A body that is sent from where it is.
        case body([UInt8])
        case stream(any StreamingBody, isChunked: Bool)
    }

    /// Bytes that are no request, and the name of the response to them.
    typealias Rejected = (request: RejectedRequest, identity: RequestIdentity)

    /// Bodies up to this size are copied behind their head and share one send with their neighbours; larger ones are
    /// sent from where they are.
    private static let copiedBodyBytes = 16_384

    private let handler: any HTTPHandler
    private let observer: (any HTTPServerObserver)?
    private let notes: ResponseNotes
    private let proxies: TrustedProxies
    private let output: OutputBuffer
    private var identities = RequestIdentitySource()
    private var date: HTTPDate

    /// Appends to `output`.
    init(_ configuration: HTTPServerConfiguration, output: OutputBuffer) {
        handler = configuration.handler
        observer = configuration.observer
        notes = configuration.notes
        proxies = configuration.proxies
        date = HTTPDate(clock: configuration.date)
        self.output = output
    }

    /// Called once a turn: the Date field of its responses.
    func refreshDate() { date.refresh() }

    /// The request of a head and a body, with its identity and its client's key.
    func request(_ head: RequestHead, body: [UInt8], on connection: Connection) -> HTTPRequest {
        let origin = connection.origin
        var request = HTTPRequest(head: head, body: body, peerAddress: origin.peerText)
        request.clientAddress = origin.clientText
        request.clientKey = origin.client == .unix ? origin.countedKey : origin.client.clientKey
        if origin.trustsFields {
            if let address = proxies.client(of: request) {
                request.clientAddress = address.description
                request.clientKey = address.clientKey
            }
            connection.turnKey = request.clientKey
        }
        if notes.contains(.requestID) { request.identity = RequestIdentity(head, &identities) }
        return request
    }

    func respond(to request: HTTPRequest) -> HTTPResponse { handler.respond(to: request) }

    /// When a response is begun; 0 where nobody wants to know.
    func begin() -> Instant { observer == nil ? 0 : SystemClock.suspendingNanoseconds() }

    /// Writes the response to bytes that are no request.
    func writeRejection(_ rejection: RequestRejection, on connection: Connection) -> Rest {
        let began = begin()
        let identity = notes.contains(.requestID) ? identities.next() : .none
        let rejected = RejectedRequest(
            status: rejection.status,
            reason: rejection.reason.description,
            parameter: rejection.pair.map { RejectedRequest.Parameter(pair: $0) },
            id: identity.text(head: [])
        )
        let response = handler.respondToRejected(rejected)
        var closing = Connection.Closing.linger
        return write(response, to: nil, (rejected, identity), on: connection, began: began, closing: &closing)
    }

    /// Writes the response to a request, begun at `began`. `closing` is changed to what the response needs.
    func write(
        _ response: HTTPResponse,
        to request: HTTPRequest?,
        _ rejected: Rejected? = nil,
        on connection: Connection,
        began: Instant,
        closing: inout Connection.Closing
    ) -> Rest {
        // Version 0 without a request: no chunked body may go to a client that has not shown it can read one.
        let minorVersion = request?.minorVersion ?? 0
        let isHead = (request?.method ?? connection.parser.method) == .head
        let framing = ResponseEncoder.framing(of: response, minorVersion: minorVersion)
        if framing == .untilClose, closing == .keepAlive { closing = .close }
        let before = output.count
        let identity = request?.identity ?? rejected?.identity ?? .none
        let duration = observer == nil ? 0 : SystemClock.suspendingNanoseconds() - began
        ResponseEncoder.encodeHead(
            of: response,
            framing: framing,
            keepsAlive: closing == .keepAlive,
            minorVersion: minorVersion,
            date: date.bytes,
            into: output
        ) {
            identity.appendField(head: request?.head.bytes ?? [], to: output)
            if notes.contains(.serverTiming) { ServerTiming.appendField(nanoseconds: duration, to: output) }
        }
        var size = output.count - before
        var rest = Rest.none
        let isBodyless = isHead || framing == .none
        switch response.body {
        case .bytes(let body) where !isBodyless:
            size += body.count
            if body.count <= Self.copiedBodyBytes { output.append(body) } else { rest = .body(body) }
        case .stream(let stream) where !isBodyless:
            size += stream.length ?? 0
            rest = .stream(stream, isChunked: framing == .chunked)
        case .none, .bytes, .stream, .pending: break
        }
        report(response, to: request, rejected?.request, on: connection, size, duration)
        if case .stream(let stream) = response.body, isBodyless { stream.finished(.completed) }
        return rest
    }

    private func report(
        _ response: HTTPResponse,
        to request: HTTPRequest?,
        _ rejected: RejectedRequest?,
        on connection: Connection,
        _ size: Int,
        _ nanoseconds: Int64
    ) {
        guard let observer else { return }
        var outcome = HTTPOutcome(
            route: response.route,
            status: response.status,
            bytes: size,
            duration: .nanoseconds(nanoseconds)
        )
        if case .stream = response.body { outcome.isStream = true }
        outcome.principal = response.principal
        if let rejected {
            outcome.rejected = RejectedPeer(connection.origin, id: rejected.id, reason: rejected.reason)
        }
        observer.responded(to: request, outcome)
    }
}
