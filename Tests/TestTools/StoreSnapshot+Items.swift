package import ReplicaStore
package import TableModel

extension StoreSnapshot {
    /// Every item that readers see, in the order of the keys.
    package var items: [Item] {
        var items: [Item] = []
        forEach(from: nil, to: nil) { record in
            items.append(record.withPackedItem { Item(packed: Array($0)) })
            return true
        }
        return items
    }

    /// The numbers `v` of items that have one, by their key `id`.
    package var valuesByID: [String: Int] {
        var values: [String: Int] = [:]
        for item in items {
            if case .string(let id)? = item["id"], case .number(let value)? = item["v"] { values[id] = Int(value) }
        }
        return values
    }
}
