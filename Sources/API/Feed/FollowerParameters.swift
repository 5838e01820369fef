import Basics
import Feed
import HTTPServer
import ItemQuery
import TableModel

/// The parameters of a follower's feed (`mode=replica`): where to start, and whether a part of the keys will do. All else is as it has to
/// be for a replica.
struct FollowerParameters {
    /// The parameter by which a follower with a token for some keys says that it knows.
    static let partial = "partial"
    private static let allowed = ["since", "mode", partial, "ticket"]

    private enum Flag: String, CaseIterable { case `true`, `false` }

    let reading: FeedParameters
    let isPartial: Bool

    /// Reads the parameters; nil where another mode is asked for. `type` is the media type of the response.
    init?(_ reading: FeedParameters, type: String) throws(Problem) {
        let parameters = reading.parameters
        let flag: Flag = try parameters.choice(Self.partial, default: .false)
        guard parameters["mode"] == FeedMode.replica.rawValue else {
            return nil
        }
        guard type == ChangesHandler.lines else {
            throw parameters.invalid("mode", "it is for the stream: ask with Accept: \(ChangesHandler.lines)")
        }
        try Self.refuseOthers(parameters, reading.hub)
        self.reading = reading
        isPartial = try Self.isPartial(flag == .true, reading.call)
    }

    /// Programs that are generated from `openapi.yaml` send the defaults of all parameters, which change nothing.
    private static func refuseOthers(_ parameters: QueryParameters, _ hub: FeedHub) throws(Problem) {
        let heartbeat = try parameters.duration("heartbeat", in: hub.limits.heartbeatRange)
        let defaults = [
            "format": ItemFormat.plain.rawValue, "numbers": NumberStyle.number.rawValue, "diff": "none",
            "batch_ms": "0",
            KeyTextEncoding.parameter: KeyTextEncoding.text.rawValue,
        ]
        for name in ChangesHandler.parameters where !allowed.contains(name) {
            guard let value = parameters[name], value != defaults[name] else { continue }
            if name == "format", value == ItemFormat.dynamodb.rawValue { continue }
            if name == "heartbeat", heartbeat == hub.limits.heartbeat { continue }
            throw parameters.invalid(
                name,
                "with mode=replica allowed are since, partial and ticket; the items are whole, and typed as in DynamoDB's JSON"
            )
        }
    }

    /// A 403 where some keys are hidden from the request and it does not say that it knows.
    private static func isPartial(_ isAsked: Bool, _ call: APICall) throws(Problem) -> Bool {
        guard !call.seesAllKeys else { return false }
        guard isAsked else {
            throw Problem(
                403,
                .forbidden,
                "The token '\(call.grant?.token.name ?? "")' is restricted to some keys, so a follower would keep a part of the "
                    + "table only. Use a token without keys, or ask with partial=true (serve --follow URL --follow-partial).",
                .scope("keys")
            )
        }
        return true
    }

    /// Where the feed starts.
    func start() throws(Problem) -> FeedStart {
        let start = try reading.since() ?? .zero
        guard start != .now else { throw reading.parameters.invalid("since", "with mode=replica give 0 or a position") }
        return start
    }
}

extension ChangesHandler {
    /// Responds to a follower. Whatever hinders a resume is said within the stream: the follower has to hear first whose contents these are.
    func follow(_ follower: FollowerParameters, _ call: APICall) throws(Problem) -> HTTPResponse {
        var feed = FeedRequest()
        feed.mode = .replica
        feed.encoding = .lines
        feed.representation = ItemRepresentation(format: .dynamodb, numbers: .number)
        feed.start = try follower.start()
        feed.filter = try follower.reading.filter()
        feed.heartbeat = hub.limits.heartbeat
        feed.isCompressed = FeedResponse.takesGzip(call.request)
        guard let permit = hub.admitFollower(address: call.request.clientKey) else {
            throw FeedResponse.tooManySubscribers
        }
        return FeedResponse.stream(
            ReplicaStream(hub: hub, request: feed, permit: permit, isPartial: follower.isPartial),
            type: Self.lines,
            isCompressed: feed.isCompressed,
            replica: FeedResponse.replicaFields(view, fields)
        )
    }
}
