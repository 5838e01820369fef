import TableModel

/// One write as the single-item operations, batches and transactions share it.
struct WriteAction: Sendable {
    enum Effect: Sendable {
        case put(Attributes)
        case update(key: Attributes, UpdateExpression)
        case delete(key: Attributes)
        /// Changes nothing: a transaction's ConditionCheck.
        case check(key: Attributes)
    }

    let table: String
    let effect: Effect
    var condition: Condition?
    /// ReturnValuesOnConditionCheckFailure is ALL_OLD.
    var returnsOldOnFailure = false
}

extension Engine {
    /// Checks a write against the table as it is, and works out what it will change.
    func plan(_ action: WriteAction) throws(SandboxError) -> PlannedWrite {
        let table = try activeTable(action.table)
        let (key, keyAttributes) = try Self.key(of: action, in: table)
        let old = table.items[key]
        let oldAttributes = old?.item.attributes
        if let condition = action.condition, !condition.holds(for: oldAttributes ?? [:]) {
            throw SandboxError.conditionFailed(action.returnsOldOnFailure ? oldAttributes : nil)
        }
        var newAttributes: Attributes?
        var paths: [DocumentPath] = []
        switch action.effect {
        case .put(let item): newAttributes = item
        case .update(_, let update):
            newAttributes = try update.apply(to: oldAttributes ?? keyAttributes)
            paths = update.paths
        case .delete: newAttributes = nil
        case .check: newAttributes = oldAttributes
        }
        let new = try newAttributes.map { attributes throws(SandboxError) in
            try Self.stored(attributes, isUpdate: !paths.isEmpty)
        }
        return PlannedWrite(
            table: place(ofTable: action.table),
            key: key,
            keyAttributes: keyAttributes,
            old: old,
            new: new,
            oldAttributes: oldAttributes,
            newAttributes: newAttributes,
            updatedPaths: paths
        )
    }

    private static func key(of action: WriteAction, in table: Table) throws(SandboxError) -> (OrderKey, Attributes) {
        switch action.effect {
        case .put(let item): return (try table.orderKey(ofItem: item), table.keyAttributes(of: item))
        case .delete(let key), .check(let key): return (try table.orderKey(ofKey: key), key)
        case .update(let key, let update):
            let orderKey = try table.orderKey(ofKey: key)
            for path in update.paths where key[path.root] != nil {
                throw SandboxError.parameters("Cannot update attribute \(path.root). This attribute is part of the key")
            }
            return (orderKey, key)
        }
    }

    private static func stored(_ attributes: Attributes, isUpdate: Bool) throws(SandboxError) -> StoredItem {
        let size = ItemSize.of(attributes)
        guard size <= SandboxLimits.itemBytes else {
            throw SandboxError.validation(
                isUpdate
                    ? "Item size to update has exceeded the maximum allowed size"
                    : "Item size has exceeded the maximum allowed size"
            )
        }
        return StoredItem(item: Item(attributes), size: size)
    }
}
