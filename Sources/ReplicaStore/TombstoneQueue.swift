/// The seqs of tombstones, oldest first, with the time by which each was made. A seq whose tombstone has been superseded is
/// skipped when it comes up, and dropped in bulk before such seqs outnumber the others.
struct TombstoneQueue {
    /// One tombstone.
    struct Entry {
        let seq: UInt64
        /// Milliseconds since 1970 UTC: the newest time of any change up to it, so it never falls along the queue.
        let at: Int64
    }

    private var entries: [Entry] = []
    private var head = 0

    var count: Int { entries.count - head }

    /// The oldest.
    var first: Entry? { head < entries.count ? entries[head] : nil }

    mutating func append(_ seq: UInt64, at: Int64) { entries.append(Entry(seq: seq, at: at)) }

    mutating func popFirst() -> Entry? {
        guard let first else { return nil }
        head += 1
        if head > 1024, head > entries.count / 2 {
            entries.removeFirst(head)
            head = 0
        }
        return first
    }

    /// Keeps only seqs for which `isLive` is true, when more than half cannot be.
    mutating func compact(live: Int, _ isLive: (UInt64) -> Bool) {
        guard count > 2 * live + 1024 else { return }
        entries = entries[head...].filter { isLive($0.seq) }
        head = 0
    }
}
