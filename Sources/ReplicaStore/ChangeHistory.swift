/// One step of the replica: the state that a change left behind, and the one it found.
package struct ChangeStep: Sendable {
    /// The state after the step; its seq is the step's.
    package let new: ItemRecord
    /// The state before it, a tombstone included; nil when the key was unknown.
    package let old: ItemRecord?
}

/// The newest steps of a generation as one snapshot sees them: every one after `floor`, none left out.
///
/// Bounded by `StoreLimits.historyBytes`: the oldest steps go first, in runs of up to a thousand. Immutable, so reading never
/// waits for the writer.
package struct ChangeHistory: Sendable {
    private let chunks: [HistoryChunk]
    /// Every step after this seq is here.
    package let floor: UInt64
    /// The seq of the newest step; `floor` when there is none.
    package let head: UInt64
    /// Bytes that the steps keep in memory beside those of the store.
    package let bytes: Int
    /// The bound of `bytes`; 0 when no steps are kept.
    package let limit: Int
    /// The seq at which the steps began, if every change of the generation since its first publication has been a step; nil when it was
    /// restored from a saved state, whose last changes nobody kept as steps.
    package let origin: UInt64?

    init(chunks: [HistoryChunk], floor: UInt64, head: UInt64, bytes: Int, limit: Int, origin: UInt64?) {
        self.chunks = chunks
        self.floor = floor
        self.head = head
        self.bytes = bytes
        self.limit = limit
        self.origin = origin
    }

    /// How many steps there are.
    package var count: Int { Int(head - floor) }

    /// The step with this seq; nil when it is not kept, or newer than the snapshot. O(log chunks).
    package func step(_ seq: UInt64) -> ChangeStep? {
        guard seq > floor, seq <= head else { return nil }
        let chunk = chunks[index(of: seq)]
        return chunk.step(Int(seq - chunk.first))
    }

    /// Calls `body` with each step whose seq is greater than `seq`, in order, until it returns false. Steps up to `floor` are
    /// gone; whoever needs them compares first.
    package func forEachStep(after seq: UInt64, _ body: (ChangeStep) -> Bool) {
        var next = max(seq, floor) + 1
        guard next <= head else { return }
        for position in index(of: next)..<chunks.count {
            let chunk = chunks[position]
            // Chunks follow each other without a gap; the last one ends where the snapshot does.
            let end = position + 1 < chunks.count ? chunks[position + 1].first : head + 1
            while next < end {
                guard body(chunk.step(Int(next - chunk.first))) else { return }
                next += 1
            }
        }
    }

    /// The chunk that holds a seq which is kept.
    private func index(of seq: UInt64) -> Int {
        var low = 0
        var high = chunks.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if chunks[middle].first <= seq { low = middle } else { high = middle }
        }
        return low
    }
}
