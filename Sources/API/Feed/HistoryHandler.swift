import Basics
import Feed
import HTTPSemantics
import HTTPServer
import ItemQuery
import ReplicaStore
import TableModel

/// Responds with the last versions of one item and the cause of each.
struct HistoryHandler: Sendable {
    let hub: FeedHub
    let view: ReplicaView
    let fields: ResponseFields
    let apiLimits: APILimits
    let item: ItemHandler

    static let parameters = FilterParameters.representationNames + [KeyTextEncoding.parameter, "limit", "diff"]

    /// The defaults of a history's parameters, as `openapi.yaml` declares them.
    private var defaults: [String: String] {
        ["limit": String(hub.limits.defaultVersions), "diff": FeedDifference.none.rawValue]
    }

    /// The history of an item whose sort key is `sort`. On a table with a sort key the path without one names an item, too: the one
    /// whose sort key is `history`.
    func respond(to call: APICall, sort: [UInt8]?) throws(Problem) -> HTTPResponse {
        let snapshot = try view.snapshot()
        let schema = snapshot.keySchema
        if sort == nil, schema.sort != nil {
            let name = Array("history".utf8)
            return try item.respond(
                to: call,
                partition: call.path["pk"],
                sort: name,
                in: snapshot,
                parameters: ItemHandler.parameters(call, defaults: defaults)
            )
        }
        let parameters = try QueryParameters(call.request, allowed: Self.parameters)
        let key = try ItemHandler.key(call.path["pk"], sort, schema: schema, parameters.keyEncoding())
        try call.require(key, in: schema)
        return try respond(to: call.request, parameters, key: key, in: snapshot)
    }

    private func respond(
        to request: HTTPRequest,
        _ parameters: QueryParameters,
        key: ItemKey,
        in snapshot: StoreSnapshot
    ) throws(Problem) -> HTTPResponse {
        let representation = try FilterParameters.representation(parameters)
        let difference: FeedDifference = try parameters.choice("diff", default: .none)
        let limits = hub.limits
        let count = try parameters.integer("limit", in: 1...limits.maximumVersions, default: limits.defaultVersions)
        let conditions = view.conditions()
        let templates = fields.templates(snapshot.position, conditions)
        let start = ItemHistory(
            of: key,
            in: snapshot,
            representation: representation,
            difference: difference,
            limit: count,
            maximumBytes: limits.pageBytes
        )
        guard let start else {
            return Problem(404, .itemNotFound, "The replica knows nothing of an item under this key.")
                .response(id: request.id, fields: templates.replica)
        }
        var head = Array(#"{"key":"#.utf8)
        ItemHistory.appendKey(key, in: snapshot, representation: representation, to: &head)
        head += #","versions":["#.utf8
        var meter = PageMeter(limit: apiLimits.wholeBytes)
        meter.take { $0 += head }
        var history = start
        let condition = request.header("if-none-match")
        return SteppedResponse.response {
            let enough = history.examined + apiLimits.stepWork
            var hasMore = true
            while hasMore {
                guard history.examined < enough else { return nil }
                meter.take { hasMore = history.appendNext(to: &$0) }
            }
            let floor = Position(epoch: snapshot.position.epoch, seq: snapshot.history.floor)
            // `as_of` moves while the versions stay the same, so it is not tagged.
            let entityTag = meter.entityTag(
                closing: [history.isComplete ? 1 : 0] + Array(floor.description.utf8),
                suffix: "h"
            )
            var end = JSONWriter()
            end.endArray()
            end.member("complete", history.isComplete)
            end.member("kept_since", floor.description)
            end.asOf(snapshot.position, lagMilliseconds: conditions.lagMilliseconds)
            end.endObject()
            let tail = end.bytes
            meter.take { $0 += tail }
            if let condition, ConditionalRequest.matches(condition, entityTag) {
                var answer = templates.notModified
                answer.add("ETag", entityTag)
                return HTTPResponse(status: 304, fields: answer)
            }
            var answer = templates.json
            answer.add("ETag", entityTag)
            let body: HTTPBody =
                meter.isLarge
                ? .stream(stream(start, head: head, tail: tail, length: meter.count, snapshot)) : .bytes(meter.bytes)
            return HTTPResponse(status: 200, fields: answer, body: body)
        }
    }

    /// A large history, told again as its client reads it.
    private func stream(
        _ start: ItemHistory,
        head: [UInt8],
        tail: [UInt8],
        length: Int,
        _ snapshot: StoreSnapshot
    ) -> PageBody {
        var history = start
        var hasBegun = false
        let limits = apiLimits
        let pin = SnapshotPin(snapshot, in: view.store, bytes: limits.replacedBytes, duration: limits.pageDuration)
        return PageBody(length: length, pin: pin) { output, budget, _ in
            if !hasBegun { output += head }
            hasBegun = true
            let enough = history.examined + limits.stepWork
            while output.count < budget, history.examined < enough {
                guard history.appendNext(to: &output) else {
                    output += tail
                    return .end
                }
            }
            return .again
        }
    }
}
