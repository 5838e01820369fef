/// A binary heap of deadlines. Entries are not removed when a deadline moves: the owner recognises stale ones as they
/// fall due.
struct DeadlineHeap {
    struct Entry {
        let deadline: Instant
        let token: UInt64
    }

    private var entries: [Entry] = []

    var count: Int { entries.count }
    var earliest: Instant? { entries.first?.deadline }

    mutating func insert(_ deadline: Instant, token: UInt64) {
        entries.append(Entry(deadline: deadline, token: token))
        var child = entries.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard entries[child].deadline < entries[parent].deadline else { return }
            entries.swapAt(child, parent)
            child = parent
        }
    }

    /// Takes the earliest entry when it is due.
    mutating func popDue(_ now: Instant) -> Entry? {
        guard let first = entries.first, first.deadline <= now else { return nil }
        let last = entries.removeLast()
        if !entries.isEmpty {
            entries[0] = last
            siftDown(0)
        }
        return first
    }

    /// Drops the entries that `isLive` does not want, in linear time.
    mutating func removeStale(_ isLive: (Entry) -> Bool) {
        entries = entries.filter(isLive)
        for index in stride(from: entries.count / 2 - 1, through: 0, by: -1) { siftDown(index) }
    }

    private mutating func siftDown(_ start: Int) {
        var parent = start
        while true {
            var smallest = parent
            for child in 2 * parent + 1...2 * parent + 2 where child < entries.count {
                if entries[child].deadline < entries[smallest].deadline { smallest = child }
            }
            if smallest == parent { return }
            entries.swapAt(parent, smallest)
            parent = smallest
        }
    }
}
