import DynamoDBStream
import ReplicaStore
import TableModel

/// Chooses the changes of a delivery that a live replica can apply while memory is full.
///
/// Changes that need no more memory are applied: removals, and items that do not grow. The changes of one key keep their order: behind one
/// that has to wait, all others of its key wait as well. Bytes that were freed this way may be used again, so a table that only changes
/// stays current.
struct ScarceMemory {
    /// Bytes freed and not used again since memory was last found full.
    private var credit = 0

    /// Memory is no longer full.
    mutating func end() { credit = 0 }

    /// The keys that wait, and the bytes that they need beyond what was freed.
    struct Waiting {
        private var needed: [ItemKey: Int] = [:]

        /// Bytes that the changes need, about.
        var bytes: Int { needed.values.reduce(0) { $0 + max(0, $1) } }
        /// Whether nothing waits.
        var isEmpty: Bool { needed.isEmpty }

        /// Whether a change of the key has to wait.
        func contains(_ key: ItemKey) -> Bool { needed[key] != nil }
        /// A change of the key waits, and adds so many bytes to the present state of the key.
        mutating func add(_ key: ItemKey, bytes: Int) { needed[key] = bytes }
    }

    /// Applies with `writer` those of `changes` that need no more memory, in order. Returns the rest, and how many were applied.
    mutating func apply(_ changes: some Sequence<Change>, with writer: GenerationWriter) -> (Waiting, applied: Int) {
        var waiting = Waiting()
        var applied = 0
        for change in changes {
            let growth = writer.growth(of: change.key, by: change.outcome)
            guard growth <= 0, !waiting.contains(change.key), change.outcome != .unreadable else {
                waiting.add(change.key, bytes: growth)
                continue
            }
            guard writer.apply(change) else { continue }
            credit -= growth
            applied += 1
        }
        return (waiting, applied)
    }

    /// Whether what waits fits into the bytes that were freed; they are used then. `hasReserve`: there still is memory to spare.
    mutating func spend(on waiting: Waiting, hasReserve: Bool) -> Bool {
        if waiting.isEmpty { return true }
        guard hasReserve, waiting.bytes <= credit else { return false }
        credit -= waiting.bytes
        return true
    }
}
