import Feed
import HTTPServer
import ReplicaStore

/// Answers with the feed as server-sent events.
///
/// Only a parameter that no retry could mend is a 400: a browser's `EventSource` dies for good of any status but 200.
struct EventsHandler: Sendable {
    let hub: FeedHub
    let view: ReplicaView
    let fields: AnswerFields

    static let parameters = ["since", "last_event_id", "snapshot", "limit", "timeout", "heartbeat", "format", "ticket"]
    /// Events after which a subscriber may ask the stream to end.
    static let limitRange = 1...1_000_000_000

    func respond(to request: HTTPRequest) throws(Problem) -> HTTPResponse {
        let feedRequest = try self.feedRequest(request)
        var answer = HTTPFields()
        if let snapshot = view.store.snapshot {
            answer = fields.templates(snapshot.position, view.conditions()).replica
        }
        answer.add("Content-Type", "text/event-stream")
        answer.add("Cache-Control", "no-store")
        // Without it nginx, when it compresses, holds every event back to the end of the response.
        answer.add("X-Accel-Buffering", "no")
        return HTTPResponse(
            status: 200,
            fields: answer,
            body: .stream(EventStream(hub: hub, request: feedRequest))
        )
    }

    private func feedRequest(_ request: HTTPRequest) throws(Problem) -> FeedRequest {
        let parameters = try QueryParameters(request, allowed: Self.parameters)
        var feed = FeedRequest()
        feed.start = try start(request, parameters)
        feed.snapshot = try parameters.choice("snapshot", default: .auto)
        feed.format = try parameters.choice("format", default: .plain)
        if parameters["limit"] != nil { feed.limit = try parameters.integer("limit", in: Self.limitRange, default: 1) }
        feed.timeout = try parameters.duration("timeout", in: .zero...hub.limits.maximumTimeout)
        feed.heartbeat =
            try parameters.duration("heartbeat", in: hub.limits.heartbeatRange) ?? hub.limits.heartbeat
        return feed
    }

    /// The header wins over `last_event_id`, which wins over `since`: an `EventSource` that reconnects repeats its URL.
    private func start(_ request: HTTPRequest, _ parameters: QueryParameters) throws(Problem) -> FeedStart {
        var since: FeedStart?
        if let text = parameters["since"] {
            since = FeedStart(since: text)
            if since == nil { throw parameters.invalid("since", "give 0, now or a position such as k3v9q2mz.1048576") }
        }
        if let id = request.header("last-event-id"), !id.isEmpty { return FeedStart(lastEventID: id) }
        if let id = parameters["last_event_id"], !id.isEmpty { return FeedStart(lastEventID: id) }
        return since ?? .unsaid
    }
}
