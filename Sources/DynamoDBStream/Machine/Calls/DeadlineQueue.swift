import HeapModule

/// Shards by deadline. Entries are not removed when a shard's deadline moves: when one comes up, the owner checks whether it still
/// holds.
struct DeadlineQueue: Sendable {
    struct Entry: Sendable, Comparable {
        let at: Duration
        let order: UInt64
        let shardID: String

        /// Equal deadlines come up in the order in which they were set, so that no shard starves.
        static func < (left: Entry, right: Entry) -> Bool { (left.at, left.order) < (right.at, right.order) }
    }

    private var heap = Heap<Entry>()
    private var counter: UInt64 = 0

    var first: Entry? { heap.min }

    mutating func push(_ shardID: String, at deadline: Duration) {
        counter += 1
        heap.insert(Entry(at: deadline, order: counter, shardID: shardID))
    }

    mutating func removeFirst() { _ = heap.popMin() }
}
