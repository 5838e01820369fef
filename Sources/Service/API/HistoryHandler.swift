import Feed
import HTTPServer
import ItemQuery
import ReplicaStore
import TableModel

/// Answers with the last versions of one item and what brought each about.
struct HistoryHandler: Sendable {
    let hub: FeedHub
    let view: ReplicaView
    let fields: AnswerFields
    /// Bytes of items that one step looks at.
    let stepWork: Int

    static let parameters = FilterParameters.representationNames + ["limit", "diff"]

    /// The history of the item under `key`.
    func respond(
        to request: HTTPRequest,
        key: ItemKey,
        in snapshot: StoreSnapshot
    ) throws(Problem) -> HTTPResponse {
        let parameters = try QueryParameters(request, allowed: Self.parameters)
        let representation = try FilterParameters.representation(parameters)
        let difference: FeedDifference = try parameters.choice("diff", default: .none)
        let limits = hub.limits
        let count = try parameters.integer("limit", in: 1...limits.maximumVersions, default: limits.defaultVersions)
        let conditions = view.conditions()
        let templates = fields.templates(snapshot.position, conditions)
        let history = ItemHistory(
            of: key,
            in: snapshot,
            representation: representation,
            difference: difference,
            limit: count,
            maximumBytes: limits.pageBytes
        )
        guard var history else {
            return Problem(404, .itemNotFound, "The replica knows nothing of an item under this key.").response(
                fields: templates.replica
            )
        }
        let condition = request.header("if-none-match")
        return SteppedAnswer.response {
            guard history.read(stepWork) else { return nil }
            return Self.answer(history, key, representation, snapshot, conditions, templates, condition)
        }
    }

    private static func answer(
        _ history: ItemHistory,
        _ key: ItemKey,
        _ representation: ItemRepresentation,
        _ snapshot: StoreSnapshot,
        _ conditions: ReplicaConditions,
        _ templates: AnswerFields.Templates,
        _ condition: String?
    ) -> HTTPResponse {
        var body = Array(#"{"key":"#.utf8)
        ItemHistory.appendKey(key, in: snapshot, representation: representation, to: &body)
        body += #","versions":["#.utf8
        body += history.versions
        let floor = Position(epoch: snapshot.position.epoch, seq: snapshot.history.floor)
        body += #"],"complete":\#(history.isComplete),"kept_since":"\#(floor)","as_of":{"position":""#.utf8
        body += #"\#(snapshot.position)","lag_ms":\#(conditions.lagMilliseconds.map(String.init) ?? "null")}}"#.utf8
        let entityTag = body.withUnsafeBytes { ContentHash.entityTag($0, weak: true, suffix: "h") }
        if let condition, ConditionalRequest.matches(condition, entityTag) {
            var answer = templates.notModified
            answer.add("ETag", entityTag)
            return HTTPResponse(status: 304, fields: answer)
        }
        var answer = templates.json
        answer.add("ETag", entityTag)
        return HTTPResponse(status: 200, fields: answer, body: .bytes(body))
    }
}
