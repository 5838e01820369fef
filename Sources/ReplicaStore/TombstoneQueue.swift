/// The seqs of tombstones, oldest first. A seq whose tombstone has been superseded is skipped when it comes up, and dropped
/// in bulk before such seqs outnumber the others.
struct TombstoneQueue {
    private var seqs: [UInt64] = []
    private var head = 0

    var count: Int { seqs.count - head }

    mutating func append(_ seq: UInt64) { seqs.append(seq) }

    mutating func popFirst() -> UInt64? {
        guard head < seqs.count else { return nil }
        let seq = seqs[head]
        head += 1
        if head > 1024, head > seqs.count / 2 {
            seqs.removeFirst(head)
            head = 0
        }
        return seq
    }

    /// Keeps only seqs for which `isLive` is true, when more than half cannot be.
    mutating func compact(live: Int, _ isLive: (UInt64) -> Bool) {
        guard count > 2 * live + 1024 else { return }
        seqs = seqs[head...].filter(isLive)
        head = 0
    }
}
