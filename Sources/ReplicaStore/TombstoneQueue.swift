import DequeModule

/// The seqs of tombstones, oldest first, with the time by which each was made. A seq whose tombstone has been superseded is
/// skipped when it comes up, and dropped in bulk before such seqs outnumber the others.
struct TombstoneQueue {
    /// One tombstone.
    struct Entry {
        let seq: UInt64
        /// Milliseconds since 1970 UTC: the newest time of any change up to it, so it never falls along the queue.
        let at: Int64
    }

    private var entries = Deque<Entry>()

    var count: Int { entries.count }

    /// The oldest.
    var first: Entry? { entries.first }

    mutating func append(_ seq: UInt64, at: Int64) { entries.append(Entry(seq: seq, at: at)) }

    mutating func popFirst() -> Entry? { entries.popFirst() }

    /// Keeps only seqs for which `isLive` is true, when more than half cannot be.
    mutating func compact(live: Int, _ isLive: (UInt64) -> Bool) {
        guard count > 2 * live + 1024 else { return }
        entries = entries.filter { isLive($0.seq) }
    }
}
