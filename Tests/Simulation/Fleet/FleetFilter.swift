import Feed
import ItemQuery
import TableModel

/// The items that a client asks for.
struct FleetFilter {
    /// Items with `v` below 50.
    let hasPredicate: Bool
    /// Keys k1 and k2.
    let hasRange: Bool
    let filter: FeedFilter?

    init(hasPredicate: Bool, hasRange: Bool) {
        self.hasPredicate = hasPredicate
        self.hasRange = hasRange
        var filter = ItemFilter()
        if hasPredicate { filter.predicate = Self.predicate }
        if hasRange {
            filter.keys.lower = Self.bytes("k1")
            filter.keys.upper = Self.bytes("k3")
        }
        let whole = filter
        self.filter = filter.isEverything ? nil : FeedFilter { _ throws(FeedFilterError) in whole }
    }

    private static let predicate = try? WhereExpression("v < 50")

    private static func bytes(_ id: String) -> [UInt8]? {
        try? ItemKey(partition: .string(id), schema: FleetTable.schema).bytes
    }

    func covers(_ key: Int) -> Bool { !hasRange || key == 1 || key == 2 }

    /// Whether the state after a write belongs to it; -1 is the state before the first.
    func holds(_ write: Int, in table: FleetTable) -> Bool {
        guard write >= 0, let value = table.writes[write].value else { return false }
        return covers(table.writes[write].key) && (!hasPredicate || value < 50)
    }

    /// Whether a subscriber of every step is told of a write.
    func tells(_ write: Int, in table: FleetTable) -> Bool {
        guard covers(table.writes[write].key) else { return false }
        return !hasPredicate || holds(write, in: table) || holds(table.writes[write].previous, in: table)
    }
}
