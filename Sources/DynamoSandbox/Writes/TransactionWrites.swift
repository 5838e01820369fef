import Basics
import TableModel

/// TransactWriteItems: all of up to 100 actions, or none and the reasons why.
extension Engine {
    mutating func transactWriteItems(_ request: Request, now: Int64) throws(SandboxError) -> [UInt8] {
        let entries = try request.array("TransactItems") ?? []
        guard !entries.isEmpty else {
            throw SandboxError.constraint("'[]'", at: "transactItems", "have length greater than or equal to 1")
        }
        guard entries.count <= SandboxLimits.transactionActions else {
            throw SandboxError.constraint(
                "'[\(entries.count) items]'",
                at: "transactItems",
                "have length less than or equal to \(SandboxLimits.transactionActions)"
            )
        }
        let token = try request.string("ClientRequestToken")
        if let token, try transactionTokens.wasDone(token, entries, now: now) { return Array("{}".utf8) }
        let actions = try entries.map { entry throws(SandboxError) in try Self.transactionAction(entry) }
        try checkDistinct(actions)
        let writes = try planAll(actions)
        for write in writes { commit(write, now: now) }
        if let token { transactionTokens.keep(token, entries, now: now) }
        let capacity = try Capacity(request)
        return JSONWriter.object { output in
            // A transaction's writes cost twice: prepared, then committed.
            capacity.writeList(writes.map { ($0.table, Double(2 * $0.capacityUnits)) }, &output)
        }
    }

    private static func transactionAction(_ entry: JSONValue) throws(SandboxError) -> WriteAction {
        let entry = try Request.object(entry)
        let kinds = ["ConditionCheck", "Put", "Delete", "Update"].filter(entry.has)
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

    private func checkDistinct(_ actions: [WriteAction]) throws(SandboxError) {
        var keys: [String: Set<OrderKey>] = [:]
        for action in actions {
            let table = try activeTable(action.table)
            let key =
                switch action.effect {
                case .put(let item): try? table.orderKey(ofItem: item)
                case .update(let key, _), .delete(let key), .check(let key): try? table.orderKey(ofKey: key)
                }
            // A key that is wrong is a cancellation reason, which planning finds.
            guard let key else { continue }
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
