import HeapModule

/// Deadlines of connections, by their tokens. Entries are not removed when a deadline moves: the owner recognises stale ones as they
/// fall due.
struct DeadlineHeap {
    struct Entry: Comparable {
        let deadline: Instant
        let token: UInt64

        static func < (left: Entry, right: Entry) -> Bool { left.deadline < right.deadline }
    }

    private var entries = Heap<Entry>()

    var count: Int { entries.count }
    var earliest: Instant? { entries.min?.deadline }

    mutating func insert(_ deadline: Instant, token: UInt64) {
        entries.insert(Entry(deadline: deadline, token: token))
    }

    /// Takes the earliest entry when it is due.
    mutating func popDue(_ now: Instant) -> Entry? {
        guard let earliest, earliest <= now else { return nil }
        return entries.popMin()
    }

    /// Drops the entries that `isLive` does not want, in linear time.
    mutating func removeStale(_ isLive: (Entry) -> Bool) { entries = Heap(entries.unordered.filter(isLive)) }
}
