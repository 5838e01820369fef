import Basics
import HTTPSemantics
import HTTPServer
import Logging

/// One request, as the access log tells it. Small and complete, so that it can wait without holding on to the request.
struct AccessEntry: Sendable {
    /// Nil for bytes that never became a request.
    var method: String?
    /// The pattern of the route that answered; nil when none did.
    var route: String?
    var target: LoggedTarget?
    /// 0 when the connection broke before an answer.
    var status: Int
    /// Of head and body; of what was produced, for a stream.
    var bytes: Int
    /// To the answer; for a stream, its life.
    var duration: Duration
    /// The address that the connection came from.
    var peer: String
    /// The client's address, as trusted proxies tell it; the peer's without them.
    var client: String
    /// The answer's `X-Request-Id`.
    var requestID: String?
    /// Of a well-formed `traceparent`.
    var trace: TraceParent?
    /// The name of the token that let the request in.
    var token: String?
    /// What was wrong with bytes that never became a request; nil for those that did.
    var reason: String?
    /// How a stream ended; nil for every other answer.
    var end: StreamEnd?

    /// The entry of an answer whose head was sent.
    init(_ request: HTTPRequest?, _ outcome: HTTPOutcome, limits: AccessLogLimits) {
        route = outcome.route?.pattern
        status = outcome.status
        bytes = outcome.bytes
        duration = outcome.duration
        token = outcome.principal
        peer = outcome.rejected?.address ?? ""
        client = outcome.rejected?.client ?? ""
        requestID = outcome.rejected?.id
        reason = outcome.rejected?.reason
        if let request { describe(request, limits) }
    }

    /// The entry of a stream that begins; bytes, duration and end are told when it is over.
    init(streaming response: HTTPResponse, to request: HTTPRequest, limits: AccessLogLimits) {
        route = response.route?.pattern
        status = response.status
        bytes = 0
        duration = .zero
        token = response.principal
        peer = ""
        client = ""
        describe(request, limits)
    }

    private mutating func describe(_ request: HTTPRequest, _ limits: AccessLogLimits) {
        method = request.method.name
        target = LoggedTarget(request, limits: limits)
        peer = request.peerAddress
        client = request.clientAddress
        requestID = request.id
        trace = request.header("traceparent").flatMap(TraceParent.init)
    }

    /// What the entry takes while it waits: its own size and that of its texts whose length a client chooses.
    var approximateBytes: Int {
        let texts = [target?.path, target?.query, requestID, reason, token, route]
        return 384 + texts.reduce(0) { $0 + ($1?.utf8.count ?? 0) }
    }

    /// What the log record holds. Absent members are left out.
    var metadata: Logger.Metadata {
        let microseconds = duration.wholeMicroseconds
        var metadata: Logger.Metadata = [
            "status": .stringConvertible(status),
            "bytes": .stringConvertible(bytes),
            "duration_ms": .stringConvertible(Double(microseconds) / 1000),
            "peer": .string(peer),
            "client": .string(client),
        ]
        let texts = [
            ("method", method), ("route", route), ("path", target?.path), ("query", target?.query),
            ("request_id", requestID), ("trace_id", trace?.traceID), ("parent_id", trace?.parentID), ("token", token),
            ("reason", reason), ("end", end.map(Self.name)),
        ]
        for (name, text) in texts { if let text { metadata[name] = .string(text) } }
        return metadata
    }

    private static func name(_ end: StreamEnd) -> String {
        switch end {
        case .completed: "completed"
        case .clientGone: "client-gone"
        case .stalled: "stalled"
        case .serverStopping: "server-stopping"
        }
    }
}
