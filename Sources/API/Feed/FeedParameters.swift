import Basics
import Feed
import HTTPServer
import ItemQuery
import ReplicaStore
import TableModel

/// The parameters of the feed, the same for events, lines and pages.
struct FeedParameters {
    /// What the feed as a whole takes.
    static let filters = FilterParameters.names + ["op"]
    /// What pages and streams take.
    static let common = ["since", "limit", "mode", "diff", "ticket"] + filters
    /// What streams take beside it.
    static let stream = ["timeout", "heartbeat", "batch_ms"]
    /// Data events after which a subscriber may ask a stream to end.
    static let limitRange = 1...1_000_000_000

    let hub: FeedHub
    let parameters: QueryParameters
    /// Says which keys the request may see.
    let call: APICall

    /// Reads everything but where to start. What needs the table's key is checked now if the table is known, and otherwise when it
    /// is: then the stream ends with `bye`, and a client that comes back is told more.
    func request(_ limits: ClosedRange<Int>) throws(Problem) -> FeedRequest {
        var feed = FeedRequest()
        _ = try parameters.keyEncoding()
        feed.mode = try parameters.choice("mode", default: .latest)
        if feed.mode == .replica {
            throw parameters.invalid("mode", "it is for /v1/changes with Accept: \(ChangesHandler.lines)")
        }
        feed.difference = try parameters.choice("diff", default: .none)
        if feed.difference != .none, feed.mode != .all {
            throw parameters.invalid("diff", "only mode=all tells what was there before each step")
        }
        if feed.mode == .all, !hub.limits.keepsHistory {
            throw parameters.invalid("mode", "this service keeps no history (--history-bytes is 0)")
        }
        if parameters["op"] != nil { feed.operation = try parameters.choice("op", default: .put) }
        if parameters["limit"] != nil { feed.limit = try parameters.integer("limit", in: limits, default: 1) }
        feed.representation = try FilterParameters.representation(parameters)
        feed.filter = try filter()
        feed.tellsItemCount = call.seesAllKeys
        return feed
    }

    /// Reads what only streams take.
    func readStream(into feed: inout FeedRequest) throws(Problem) {
        feed.timeout = try parameters.duration("timeout", in: .zero...hub.limits.maximumTimeout)
        feed.heartbeat = try parameters.duration("heartbeat", in: hub.limits.heartbeatRange) ?? hub.limits.heartbeat
        let longest = Int(hub.limits.maximumBatch.wholeSeconds) * 1000
        feed.batch = .milliseconds(try parameters.integer("batch_ms", in: 0...longest, default: 0))
    }

    /// Refuses for a page what only streams take, unless it is the default: programs that are generated from `openapi.yaml` send the
    /// defaults of all parameters.
    func refuseStreamParameters(_ hint: String) throws(Problem) {
        var asked = FeedRequest()
        try readStream(into: &asked)
        let isDefault = [
            "timeout": parameters["timeout"] == nil, "heartbeat": asked.heartbeat == hub.limits.heartbeat,
            "batch_ms": asked.batch == .zero,
        ]
        if let name = Self.stream.first(where: { parameters[$0] != nil && isDefault[$0] != true }) {
            throw parameters.invalid(name, hint)
        }
    }

    /// `since`; nil when absent.
    func since() throws(Problem) -> FeedStart? {
        guard let text = parameters["since"] else { return nil }
        guard let start = FeedStart(since: text) else {
            throw parameters.invalid("since", "give 0, now or a position such as k3v9q2mz.1048576")
        }
        return start
    }

    /// The items that are asked for, and that the request may see; nil for all.
    func filter() throws(Problem) -> FeedFilter? {
        let predicate = try FilterParameters.predicate(parameters)
        let namesKeys = FilterParameters.needsSchema(parameters)
        guard predicate != nil || namesKeys || call.grant?.token.keys != nil else { return nil }
        let parameters = parameters
        let call = call
        let keys = { @Sendable (schema: KeySchema) throws(Problem) -> KeyRange in
            try call.narrow(try FilterParameters.keys(parameters, schema: schema), in: schema)
        }
        if let schema = hub.store.snapshot?.keySchema { _ = try keys(schema) }
        return FeedFilter { schema throws(FeedFilterError) in
            do throws(Problem) {
                return ItemFilter(keys: try keys(schema), predicate: predicate)
            } catch {
                throw FeedFilterError(detail: error.detail)
            }
        }
    }

    /// The query that asks for the same feed from its beginning.
    var restartQuery: String {
        var pairs = ["since=0"]
        let filter = FilterParameters.query(parameters)
        if !filter.isEmpty { pairs.append(filter) }
        for name in ["op", "mode", "diff", "limit"] {
            if let value = parameters[name] {
                pairs.append("\(name)=\(PercentEncoding.encode(value, keeping: .unreserved))")
            }
        }
        return pairs.joined(separator: "&")
    }
}
