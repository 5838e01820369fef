import Basics
import TableModel

/// TransactWriteItems: all of up to 100 actions, or none and the reasons why.
extension Engine {
    mutating func transactWriteItems(_ request: Request, now: Int64) throws(SandboxError) -> [UInt8] {
        let entries = try request.array("TransactItems") ?? []
        let token = try request.string("ClientRequestToken")
        if let token, try transactionTokens.wasDone(token, entries, now: now) { return Array("{}".utf8) }
        let actions = try entries.map { entry throws(SandboxError) in try Self.transactionAction(entry) }
        try Self.checkSize(actions.map(Self.size))
        try checkDistinct(actions)
        let writes = try planAll(actions)
        try Self.checkSize(writes.map { $0.new?.size ?? ItemSize.of($0.keyAttributes) })
        for write in writes { commit(write, now: now) }
        if let token { transactionTokens.keep(token, entries, now: now) }
        let capacity = try Capacity(request)
        return JSONWriter.object { output in
            // A transaction's writes cost twice: prepared, then committed.
            capacity.writeList(writes.map { ($0.table, Double(2 * $0.capacityUnits)) }, namesWrites: true, &output)
        }
    }

    private static func transactionAction(_ entry: JSONValue) throws(SandboxError) -> WriteAction {
        let entry = try Request.object(entry)
        let kinds = TransactionRules.kinds.filter(entry.has)
        guard kinds.count == 1, let kind = kinds.first, let request = try entry.object(kind) else {
            throw SandboxError.validation(
                "TransactItems can only contain one of Check, Put, Update or Delete"
            )
        }
        switch kind {
        case "ConditionCheck": return try WriteRequest.check(request)
        case "Put": return try WriteRequest.put(request)
        case "Delete": return try WriteRequest.delete(request)
        default: return try WriteRequest.update(request)
        }
    }

    /// The size of an action in bytes: of the item that it writes, or of the key that it names.
    private static func size(_ action: WriteAction) -> Int {
        switch action.effect {
        case .put(let item): ItemSize.of(item)
        case .update(let key, _), .delete(let key), .check(let key): ItemSize.of(key)
        }
    }

    private static func checkSize(_ sizes: [Int]) throws(SandboxError) {
        guard sizes.reduce(0, +) <= SandboxLimits.transactionBytes else {
            throw SandboxError.validation("Transaction request exceeds the 4MB transaction size limit")
        }
    }

    private func checkDistinct(_ actions: [WriteAction]) throws(SandboxError) {
        var keys: [String: Set<OrderKey>] = [:]
        for action in actions {
            let table = try activeTable(action.table)
            let key: OrderKey
            do throws(SandboxError) {
                switch action.effect {
                case .put(let item): key = try table.orderKey(ofItem: item)
                case .update(let attributes, _), .delete(let attributes), .check(let attributes):
                    key = try table.orderKey(ofKey: attributes)
                }
            } catch {
                if error.isEmptyKey { throw error }
                // A key that is otherwise wrong is a cancellation reason, which planning finds.
                continue
            }
            guard keys[place(ofTable: action.table), default: []].insert(key).inserted else {
                throw SandboxError.validation("Transaction request cannot include multiple operations on one item")
            }
        }
    }

    /// Plans every action; if any fails, throws the cancellation with one reason for each.
    private func planAll(_ actions: [WriteAction]) throws(SandboxError) -> [PlannedWrite] {
        var writes: [PlannedWrite] = []
        var reasons: [SandboxError.CancellationReason] = []
        for action in actions {
            do throws(SandboxError) {
                writes.append(try plan(action))
                reasons.append(SandboxError.CancellationReason(code: "None"))
            } catch {
                switch error.code {
                case "ConditionalCheckFailedException":
                    reasons.append(
                        SandboxError.CancellationReason(
                            code: "ConditionalCheckFailed",
                            message: error.message,
                            item: error.item
                        )
                    )
                case "ValidationException":
                    reasons.append(SandboxError.CancellationReason(code: "ValidationError", message: error.message))
                default: throw error
                }
            }
        }
        guard writes.count < actions.count else { return writes }
        let codes = reasons.map(\.code).joined(separator: ", ")
        var error = SandboxError(
            "TransactionCanceledException",
            "Transaction cancelled, please refer cancellation reasons for specific reasons [\(codes)]"
        )
        error.reasons = reasons
        throw error
    }
}
