import HTTPServer
import ItemQuery
import ReplicaStore
import TableModel

/// Answers `POST /v1/items/batch-get`: the items under up to a hundred keys, all of one instant.
struct BatchGetHandler: Sendable {
    let view: ReplicaView
    let fields: AnswerFields
    let limits: APILimits

    static let parameters = FilterParameters.representationNames + ["max_lag"]

    func respond(to call: APICall, in snapshot: StoreSnapshot) throws(Problem) -> HTTPResponse {
        let parameters = try QueryParameters(call.request, allowed: Self.parameters)
        let representation = try FilterParameters.representation(parameters)
        try view.require(parameters.maximumLag())
        try Self.requireJSON(call)
        let schema = snapshot.keySchema
        let keys = try BatchKeys(schema: schema, limit: limits.batchKeys).parse(call.request.body)
        for (index, key) in keys.enumerated() {
            try call.require(key, in: schema, subject: "keys[\(index)]")
        }
        let conditions = view.conditions()
        var answer = fields.templates(snapshot.position, conditions).replica
        answer.add("Content-Type", "application/json")
        answer.add("Cache-Control", "no-store")
        answer.add("Vary", "Accept-Encoding")
        let body = try body(keys, representation, snapshot, lagMilliseconds: conditions.lagMilliseconds)
        return HTTPResponse(status: 200, fields: answer, body: .bytes(body))
    }

    private func body(
        _ keys: [ItemKey],
        _ representation: ItemRepresentation,
        _ snapshot: StoreSnapshot,
        lagMilliseconds: Int64?
    ) throws(Problem) -> [UInt8] {
        var body = Array(#"{"found":["#.utf8)
        var missing: [UInt8] = []
        let keyRepresentation = ItemRepresentation(format: representation.format, numbers: representation.numbers)
        var isFirst = true
        for key in keys {
            if let record = snapshot.record(for: key) {
                if !isFirst { body.append(UInt8(ascii: ",")) }
                isFirst = false
                record.withPackedItem { representation.append($0, to: &body) }
            } else if let attributes = try? key.attributes(schema: snapshot.keySchema) {
                if !missing.isEmpty { missing.append(UInt8(ascii: ",")) }
                Item(attributes).packed.withUnsafeBytes { keyRepresentation.append($0, to: &missing) }
            }
            guard body.count <= limits.batchBytes else {
                throw Problem(
                    400,
                    .invalidBody,
                    "The items under these keys are more than \(limits.batchBytes) bytes: ask for fewer at once."
                )
            }
        }
        body += #"],"missing":["#.utf8
        body += missing
        let lag = lagMilliseconds.map(String.init) ?? "null"
        body += "],\"as_of\":{\"position\":\"\(snapshot.position)\",\"lag_ms\":\(lag)}}".utf8
        return body
    }

    private static func requireJSON(_ call: APICall) throws(Problem) {
        let type = call.header(.contentType)?.prefix { $0 != ";" }.lowercased() ?? ""
        guard type.split(separator: " ").joined() == "application/json" else {
            throw Problem(
                415,
                .unsupportedMediaType,
                "The body must be JSON: send it with `Content-Type: application/json`.",
                allowed: ["application/json"]
            )
        }
    }
}
