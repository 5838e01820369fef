import Feed
import HTTPSemantics
import HTTPServer
import ReplicaStore

/// Answers with the feed as server-sent events.
///
/// Only a parameter that no retry could mend is a 400: a browser's `EventSource` dies for good of any status but 200.
struct EventsHandler: Sendable {
    let hub: FeedHub
    let view: ReplicaView
    let fields: ResponseFields

    static let type = "text/event-stream"
    static let parameters = FeedParameters.common + FeedParameters.stream + ["last_event_id", "snapshot"]
    /// The name that polyfills of `EventSource`, which cannot set the field, give `last_event_id`. `openapi.yaml` tells of it in words: some
    /// generators of clients make one name of the two, and leave the operation out.
    private static let aliases = ["lastEventId": "last_event_id"]

    func respond(to call: APICall) throws(Problem) -> HTTPResponse {
        let parameters = try QueryParameters(call.request, allowed: Self.parameters, aliases: Self.aliases)
        let accepted = call.request.header("accept")
        guard AcceptField(accepted).best(of: [Self.type]) != nil else {
            throw FeedResponse.notAcceptable(
                accepted,
                "The stream of events",
                [Self.type],
                "; /v1/changes has application/json and application/x-ndjson"
            )
        }
        let feed = try request(call, parameters)
        let permit = hub.admit(address: call.request.clientKey)
        if permit == nil, !Self.isBrowsers(call.request, accepted) { throw FeedResponse.tooManySubscribers }
        return FeedResponse.stream(
            FeedStream(hub: hub, request: feed, permit: permit),
            type: Self.type,
            isCompressed: feed.isCompressed,
            replica: FeedResponse.replicaFields(view, fields)
        )
    }

    private func request(_ call: APICall, _ parameters: QueryParameters) throws(Problem) -> FeedRequest {
        let reading = FeedResponse.reading(call, parameters, hub)
        var feed = try reading.request(FeedParameters.limitRange)
        try reading.readStream(into: &feed)
        feed.snapshot = try parameters.choice("snapshot", default: .auto)
        feed.start = try start(call.request, reading)
        feed.isCompressed = FeedResponse.takesGzip(call.request)
        return feed
    }

    /// The header wins over `last_event_id`, which wins over `since`: an `EventSource` that reconnects repeats its URL.
    private func start(_ request: HTTPRequest, _ reading: FeedParameters) throws(Problem) -> FeedStart {
        let since = try reading.since()
        if let id = request.header("last-event-id"), !id.isEmpty { return FeedStart(lastEventID: id) }
        if let id = reading.parameters["last_event_id"], !id.isEmpty { return FeedStart(lastEventID: id) }
        return since ?? .unsaid
    }

    /// Whether the client is a browser's `EventSource`, or behaves like one: it must not be given any status but 200.
    private static func isBrowsers(_ request: HTTPRequest, _ accepted: String?) -> Bool {
        request.header("sec-fetch-mode") != nil || accepted?.lowercased().contains(type) == true
    }
}
