import Basics
import TableModel

/// GetItem and BatchGetItem.
extension Engine {
    func getItem(_ request: Request, now: Int64) throws(SandboxError) -> [UInt8] {
        let name = try request.tableName()
        let key = try WriteRequest.key(request)
        let projection = try Self.projection(request)
        let consistent = try request.bool("ConsistentRead") ?? false
        let found = try item(key, of: name, consistent: consistent, now: now)
        let capacity = try Capacity(request)
        return JSONWriter.object { output in
            if let found {
                output.name("Item")
                output.item(found, projection)
            }
            capacity.write([(name, Capacity.read(found?.size ?? 0, consistent: consistent))], &output)
        }
    }

    func batchGetItem(_ request: Request, now: Int64) throws(SandboxError) -> [UInt8] {
        let tables = try Self.batchGets(request)
        var found: [(table: String, items: [StoredItem], projection: Projection?)] = []
        var unprocessed: [(table: String, keys: [Attributes], request: Request)] = []
        var costs: [(table: String, units: Double)] = []
        var bytes = 0
        for get in tables {
            var items: [StoredItem] = []
            var rest: [Attributes] = []
            for key in get.keys {
                let item = try item(key, of: get.table, consistent: get.consistent, now: now)
                if bytes + (item?.size ?? 0) > settings.batchGetBytes, bytes > 0 {
                    rest.append(key)
                    continue
                }
                bytes += item?.size ?? 0
                costs.append((get.table, Capacity.read(item?.size ?? 0, consistent: get.consistent)))
                if let item { items.append(item) }
            }
            found.append((get.table, items, get.projection))
            if !rest.isEmpty { unprocessed.append((get.table, rest, get.request)) }
        }
        let capacity = try Capacity(request)
        return JSONWriter.object { output in
            output.name("Responses")
            output.object { output in
                for (table, items, projection) in found {
                    output.name(table)
                    output.array(items) { $0.item($1, projection) }
                }
            }
            output.name("UnprocessedKeys")
            output.object { output in
                for (table, keys, request) in unprocessed { Self.unprocessed(table, keys, request, &output) }
            }
            capacity.writeList(costs, &output)
        }
    }

    /// An item as a read sees it.
    private func item(
        _ key: Attributes,
        of name: String,
        consistent: Bool,
        now: Int64
    ) throws(SandboxError) -> StoredItem? {
        let table = try activeTable(name)
        let key = try table.orderKey(ofKey: key)
        return table.visible(key, table.items[key], consistent: consistent, now: now, lag: settings.replicaLag)
    }

    /// ProjectionExpression of a request that has no other expression.
    static func projection(_ request: Request) throws(SandboxError) -> Projection? {
        var placeholders = try Placeholders(request, expressions: ["ProjectionExpression"])
        if request.has("AttributesToGet") {
            throw SandboxError.validation("AttributesToGet is not part of the sandbox: use expressions")
        }
        guard let expression = try request.string("ProjectionExpression") else { return nil }
        let projection = try Projection.parse(expression, &placeholders)
        try placeholders.checkAllUsed()
        return projection
    }

    private struct BatchGet {
        let table: String
        let keys: [Attributes]
        let consistent: Bool
        let projection: Projection?
        let request: Request
    }

    private static func batchGets(_ request: Request) throws(SandboxError) -> [BatchGet] {
        guard let tables = try request.object("RequestItems") else { return [] }
        var gets: [BatchGet] = []
        for table in tables.members.keys.sorted().map(\.text) {
            guard let get = try tables.object(table) else { continue }
            let keys = try (try get.array("Keys") ?? []).map { key throws(SandboxError) in
                try AttributeIntake.attributes(key)
            }
            guard Set(keys).count == keys.count else {
                throw SandboxError.validation("Provided list of item keys contains duplicates")
            }
            gets.append(
                BatchGet(
                    table: table,
                    keys: keys,
                    consistent: try get.bool("ConsistentRead") ?? false,
                    projection: try projection(get),
                    request: get
                )
            )
        }
        guard gets.reduce(0, { $0 + $1.keys.count }) <= SandboxLimits.batchGetKeys else {
            throw SandboxError.validation("Too many items requested for the BatchGetItem call")
        }
        return gets
    }

    /// The keys that BatchGetItem did not process, in the shape of a request.
    private static func unprocessed(
        _ table: String,
        _ keys: [Attributes],
        _ request: Request,
        _ output: inout JSONWriter
    ) {
        output.name(table)
        output.object { output in
            output.name("Keys")
            output.array(keys) { $0.attributes($1) }
            if case .bool(let consistent)? = request.members["ConsistentRead"] {
                output.member("ConsistentRead", consistent)
            }
            if case .string(let expression)? = request.members["ProjectionExpression"] {
                output.member("ProjectionExpression", expression)
            }
            guard case .object(let names)? = request.members["ExpressionAttributeNames"] else { return }
            output.name("ExpressionAttributeNames")
            output.object { output in
                for case (let placeholder, .string(let name)) in names { output.member(placeholder.text, name) }
            }
        }
    }
}

extension JSONWriter {
    mutating func item(_ stored: StoredItem, _ projection: Projection?) {
        if let projection { attributes(projection.apply(to: stored.item.attributes)) } else { item(stored.item) }
    }
}
