import ReplicaStore
import TableModel

/// The keys whose items in the replica are proved to differ from the table. Pure.
struct Divergence {
    /// Items of the table that the replica lacks, or holds differently.
    private(set) var puts: [ItemKey] = []
    /// Items of the replica that the table lacks.
    private(set) var removals: [ItemKey] = []
    /// Items that cannot be read and were not known to be so, with the reason.
    private(set) var unreadable: [(key: ItemKey, reason: String)] = []
    /// Of `puts`, those that could not be read before.
    private(set) var readable = 0
    /// Keys that changed meanwhile: nothing is proved of them.
    private(set) var changing = 0

    /// Compares `snapshot` with `states`, the table as of a moment up to which everything has been applied. `before` has the seq of each key
    /// before that moment.
    init(of snapshot: StoreSnapshot, from states: [ItemKey: TableItem], _ before: [ItemKey: UInt64]) {
        for (key, item) in states {
            let state = snapshot.newestState(of: key)
            guard state?.seq == before[key] else {
                changing += 1
                continue
            }
            let held = state.flatMap { $0.isTombstone ? nil : $0 }
            let wasUnreadable = state?.isUnreadable == true
            switch item {
            case .found(let item):
                let isEqual = held?.withPackedItem { $0.elementsEqual(item.packed) } ?? false
                guard !isEqual else { continue }
                puts.append(key)
                if wasUnreadable { readable += 1 }
            case .absent: if held != nil || wasUnreadable { removals.append(key) }
            case .unreadable(let reason): if !wasUnreadable { unreadable.append((key, reason)) }
            }
        }
    }

    /// All that differ.
    var keys: [ItemKey] { puts + removals + unreadable.map(\.key) }

    /// Items that were wrong and not merely unreadable.
    var repairedPuts: Int { puts.count - readable }
}

extension Change.Outcome {
    /// The change that makes the replica hold `item`.
    init(_ item: TableItem) {
        self =
            switch item {
            case .found(let item): .put(item)
            case .absent: .remove
            case .unreadable: .unreadable
            }
    }
}
