import Feed
import HTTPServer
import ReplicaStore
import TableModel

/// Answers for one item: the bare item, with an entity tag that is equal on every replica.
struct ItemHandler: Sendable {
    let view: ReplicaView
    let fields: AnswerFields

    static let parameters = ["format"]

    /// The item under a key given as path bytes. The service's hottest path.
    func respond(
        to request: HTTPRequest,
        partition: [UInt8],
        sort: [UInt8]?,
        in snapshot: StoreSnapshot
    ) throws(Problem) -> HTTPResponse {
        let key = try Self.key(partition, sort, schema: snapshot.keySchema)
        let format = try Self.format(request)
        let templates = fields.templates(snapshot.position, view.conditions())
        guard let record = snapshot.record(for: key) else {
            return Problem(404, .itemNotFound, "The table has no item under this key.").response(
                fields: templates.replica
            )
        }
        let condition = request.header("if-none-match")
        return record.withPackedItem { packed in
            let entityTag = ContentHash.entityTag(packed, suffix: format == .plain ? "p" : "d")
            if let condition, ConditionalRequest.matches(condition, entityTag) {
                var fields = templates.notModified
                fields.add("ETag", entityTag)
                return HTTPResponse(status: 304, fields: fields)
            }
            var fields = templates.json
            fields.add("ETag", entityTag)
            var body: [UInt8] = []
            body.reserveCapacity(packed.count * 2 + 64)
            switch format {
            case .plain: PackedItem.appendPlainJSON(packed, to: &body)
            case .dynamodb: PackedItem.appendDynamoDBJSON(packed, to: &body)
            }
            return HTTPResponse(status: 200, fields: fields, body: .bytes(body))
        }
    }

    private static func key(_ partition: [UInt8], _ sort: [UInt8]?, schema: KeySchema) throws(Problem) -> ItemKey {
        guard let sort else {
            return try KeyParser.key(
                partition: KeyParser.parse(partition, as: schema.partition),
                sort: nil,
                schema: schema
            )
        }
        guard let sortAttribute = schema.sort else {
            throw Problem(
                400,
                .invalidKey,
                "The table has no sort key: an item is at /v1/items/{\(schema.partition.name)}, with / in a key as %2F."
            )
        }
        return try KeyParser.key(
            partition: KeyParser.parse(partition, as: schema.partition),
            sort: KeyParser.parse(sort, as: sortAttribute),
            schema: schema
        )
    }

    private static func format(_ request: HTTPRequest) throws(Problem) -> FeedFormat {
        if request.rawQuery == nil { return .plain }
        return try QueryParameters(request, allowed: parameters).choice("format", default: .plain)
    }
}
