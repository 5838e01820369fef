import Basics
import TableModel

/// BatchWriteItem: up to 25 puts and deletes, each on its own.
extension Engine {
    mutating func batchWriteItem(_ request: Request, now: Int64) throws(SandboxError) -> [UInt8] {
        let actions = try Self.batchActions(request)
        var keys: [String: Set<OrderKey>] = [:]
        var writes: [PlannedWrite] = []
        for action in actions {
            // A batch calls the key of an item what others call the key of a request.
            if case .put(let item) = action.effect { try activeTable(action.table).checkKeyTypes(of: item) }
            let write = try plan(action)
            guard keys[action.table, default: []].insert(write.key).inserted else {
                throw SandboxError.validation("Provided list of item keys contains duplicates")
            }
            writes.append(write)
        }
        for write in writes { commit(write, now: now) }
        let capacity = try Capacity(request)
        return JSONWriter.object { output in
            output.name("UnprocessedItems")
            output.object { _ in }
            capacity.writeList(writes.map { ($0.table, Double($0.capacityUnits)) }, &output)
        }
    }

    private static func batchActions(_ request: Request) throws(SandboxError) -> [WriteAction] {
        guard let tables = try request.object("RequestItems") else { return [] }
        var actions: [WriteAction] = []
        for table in tables.members.keys.sorted().map(\.text) {
            for entry in try tables.array(table) ?? [] {
                let entry = try Request.object(entry)
                if let put = try entry.object("PutRequest") {
                    actions.append(WriteAction(table: table, effect: .put(try put.attributes("Item") ?? [:])))
                } else if let delete = try entry.object("DeleteRequest") {
                    actions.append(WriteAction(table: table, effect: .delete(key: try WriteRequest.key(delete))))
                } else {
                    throw SandboxError.validation(
                        "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported "
                            + "datatypes"
                    )
                }
            }
        }
        guard actions.count <= SandboxLimits.batchWriteRequests else {
            throw SandboxError.validation("Too many items requested for the BatchWriteItem call")
        }
        return actions
    }
}
