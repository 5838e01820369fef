import Feed
import HTTPSemantics
import HTTPServer
import ReplicaStore

/// Parts that all responses of the feed share.
enum FeedResponse {
    /// A stream's response: uncached, unbuffered.
    static func stream(
        _ stream: any FeedBody,
        type: String,
        isCompressed: Bool,
        replica: HTTPFields
    ) -> HTTPResponse {
        var fields = replica
        fields.add("Content-Type", type)
        fields.add("Cache-Control", "no-store")
        fields.add("Vary", "Accept, Accept-Encoding")
        if isCompressed { fields.add("Content-Encoding", "gzip") }
        // Without it nginx, when it compresses, holds every event back to the end of the response.
        fields.add("X-Accel-Buffering", "no")
        return HTTPResponse(status: 200, fields: fields, body: .stream(stream))
    }

    /// The fields about the replica; none before there is a snapshot.
    static func replicaFields(_ view: ReplicaView, _ fields: ResponseFields) -> HTTPFields {
        guard let snapshot = view.store.snapshot else { return HTTPFields() }
        return fields.templates(snapshot.position, view.conditions()).replica
    }

    /// Whether a stream may be compressed; never for HTTP/1.0, whose proxies were not made for it. Varnish asks for gzip whatever its
    /// client takes, and unpacks it in whole buffers, so that events wait for others: it names itself, and gets them as they are.
    static func takesGzip(_ request: HTTPRequest) -> Bool {
        guard request.minorVersion >= 1, let accepted = request.header("accept-encoding") else { return false }
        guard request.header("x-varnish") == nil else { return false }
        return AcceptEncoding(accepted).prefersGzip
    }

    /// The feed's parameters of a request.
    static func reading(_ call: APICall, _ parameters: QueryParameters, _ hub: FeedHub) -> FeedParameters {
        FeedParameters(hub: hub, parameters: parameters, call: call)
    }

    static func notAcceptable(_ accepted: String?, _ what: String, _ types: [String], _ hint: String = "") -> Problem {
        let shown = QueryParameters.shown(accepted ?? "")
        let list = types.joined(separator: ", ")
        return Problem(
            406,
            .notAcceptable,
            "\(what) cannot be '\(shown)': allowed in Accept are \(list)\(hint).",
            .allowed(types)
        )
    }

    static var tooManySubscribers: Problem {
        Problem(
            429,
            .tooManySubscribers,
            "All places for subscribers are taken, or all that one address may have "
                + "(--max-subscribers, --max-subscribers-per-address).",
            .retryAfter(seconds: 1, upTo: 10)
        )
    }
}
