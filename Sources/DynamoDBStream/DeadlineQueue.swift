/// A binary heap of (deadline, shard). Entries are not removed when a shard's deadline moves: the owner checks, when one comes
/// up, whether it still holds.
struct DeadlineQueue: Sendable {
    struct Entry: Sendable {
        let at: Duration
        let order: UInt64
        let shardID: String
    }

    private var heap: [Entry] = []
    private var counter: UInt64 = 0

    var first: Entry? { heap.first }

    mutating func push(_ shardID: String, at deadline: Duration) {
        counter += 1
        heap.append(Entry(at: deadline, order: counter, shardID: shardID))
        var child = heap.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard precedes(child, parent) else { return }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    mutating func removeFirst() {
        guard let last = heap.popLast(), !heap.isEmpty else { return }
        heap[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && precedes(child, least) {
                least = child
            }
            guard least != parent else { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }

    mutating func removeAll() { heap.removeAll() }

    /// Equal deadlines come up in the order in which they were set, so that no shard starves.
    private func precedes(_ left: Int, _ right: Int) -> Bool {
        (heap[left].at, heap[left].order) < (heap[right].at, heap[right].order)
    }
}
