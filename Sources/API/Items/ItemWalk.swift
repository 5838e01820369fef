import ItemQuery
import ReplicaStore

/// What one step of a walk may cost, so that a predicate that matches little never holds an event loop.
struct WalkBudget: Sendable, Hashable {
    /// Records looked at, tombstones included.
    let records: Int
    /// Bytes of items looked at, each as often as the query's operands may look at it.
    let bytes: Int
    /// Bytes of items given to the receiver.
    var received = Int.max

    /// What both allow.
    func within(_ other: WalkBudget) -> WalkBudget {
        WalkBudget(
            records: min(records, other.records),
            bytes: min(bytes, other.bytes),
            received: min(received, other.received)
        )
    }
}

/// A walk through a range of keys, in steps. What it holds between two steps is a key, so it goes on in any snapshot.
///
/// A key that is not touched meanwhile is met exactly once: keys never change their order, and the next step starts behind the last.
struct ItemWalk {
    /// How a step ended.
    enum Step: Sendable, Hashable {
        /// Nothing is left in the range.
        case finished
        /// The receiver took no more.
        case stopped
        /// The budget is used up.
        case paused
    }

    let filter: ItemFilter
    let order: ReadOrder
    /// How many times an item's bytes may be looked at.
    let weight: Int
    /// The last key that was looked at; the walk goes on behind it.
    private(set) var after: [UInt8]?
    /// Records looked at so far, tombstones included.
    private(set) var examined = 0
    /// Bytes looked at so far, each as often as the operands may look at it.
    private(set) var work = 0

    init(filter: ItemFilter, order: ReadOrder, representation: ItemRepresentation, after: [UInt8]? = nil) {
        self.filter = filter
        self.order = order
        self.after = after
        weight = (filter.predicate?.operandCount ?? 0) + (representation.fields == nil ? 0 : 1)
    }

    /// Looks at records until the range, the receiver or the budget ends it; at one at least. `receive` gets each item that passes the
    /// filter, and returns false to leave that one, and the rest, for the next step. `unreadable` gets each key of the range whose item
    /// cannot be read, as nobody knows whether it passes; it returns false likewise.
    mutating func step(
        in snapshot: StoreSnapshot,
        budget: WalkBudget,
        unreadable: (ItemRecord) -> Bool = { _ in true },
        _ receive: (ItemRecord) -> Bool
    ) -> Step {
        var step = Step.finished
        var last: ItemRecord?
        var records = 0
        var bytes = 0
        var received = 0
        let predicate = filter.predicate
        let weight = weight
        snapshot.forEach(
            from: filter.keys.lower,
            to: filter.keys.upper,
            after: after,
            order: order,
            includingTombstones: true
        ) { record in
            if records == budget.records || bytes >= budget.bytes || received >= budget.received {
                step = .paused
                return false
            }
            records += 1
            if !record.isTombstone {
                let passes = record.withPackedItem { packed in
                    bytes += packed.count * weight
                    return predicate?.matches(packed) ?? true
                }
                if passes {
                    guard receive(record) else {
                        step = .stopped
                        return false
                    }
                    received += record.withPackedItem { $0.count }
                }
            } else if record.isUnreadable, !unreadable(record) {
                step = .stopped
                return false
            }
            last = record
            return true
        }
        examined += records
        work += bytes
        if let last { after = last.withKeyBytes { Array($0) } }
        return step
    }
}
