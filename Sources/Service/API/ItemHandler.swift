import HTTPServer
import ItemQuery
import ReplicaStore
import TableModel

/// Answers for one item: the bare item, with an entity tag that is equal on every replica.
struct ItemHandler: Sendable {
    let view: ReplicaView
    let fields: AnswerFields

    static let parameters = FilterParameters.representationNames

    /// The item under a key given as path bytes. The service's hottest path. `parameters` are the query's where it has been read.
    func respond(
        to request: HTTPRequest,
        partition: [UInt8],
        sort: [UInt8]?,
        in snapshot: StoreSnapshot,
        parameters: QueryParameters? = nil
    ) throws(Problem) -> HTTPResponse {
        let key = try Self.key(partition, sort, schema: snapshot.keySchema)
        let representation = try Self.representation(request, parameters)
        let templates = fields.templates(snapshot.position, view.conditions())
        guard let record = snapshot.record(for: key) else {
            return Problem(404, .itemNotFound, "The table has no item under this key.").response(
                fields: templates.replica
            )
        }
        let condition = request.header("if-none-match")
        return record.withPackedItem { packed in
            let entityTag = Self.entityTag(packed, representation)
            if let condition, ConditionalRequest.matches(condition, entityTag) {
                var fields = templates.notModified
                fields.add("ETag", entityTag)
                return HTTPResponse(status: 304, fields: fields)
            }
            var fields = templates.json
            fields.add("ETag", entityTag)
            var body: [UInt8] = []
            body.reserveCapacity(packed.count * 2 + 64)
            representation.append(packed, to: &body)
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

    /// Equal on every replica: the hash of the packed item, which is canonical, and what names the representation. Of a selection
    /// of fields it is the hash of what they select, so that a change elsewhere in the item leaves it alone.
    private static func entityTag(
        _ packed: UnsafeRawBufferPointer,
        _ representation: ItemRepresentation
    ) -> String {
        let suffix: StaticString =
            switch (representation.format, representation.numbers) {
            case (.plain, .number): "p"
            case (.plain, .string): "s"
            case (.dynamodb, _): "d"
            }
        guard let fields = representation.fields else { return ContentHash.entityTag(packed, suffix: suffix) }
        return fields.project(packed).withUnsafeBytes { ContentHash.entityTag($0, suffix: suffix) }
    }

    private static func representation(
        _ request: HTTPRequest,
        _ parameters: QueryParameters?
    ) throws(Problem) -> ItemRepresentation {
        if let parameters { return try FilterParameters.representation(parameters) }
        if request.rawQuery == nil { return ItemRepresentation() }
        return try FilterParameters.representation(QueryParameters(request, allowed: Self.parameters))
    }
}
