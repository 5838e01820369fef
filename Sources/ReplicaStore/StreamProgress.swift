/// The times of a generation's stream that outlive its process, in milliseconds since 1970 UTC; nil where unknown. See `StreamProgress`.
package struct StreamTimes: Sendable, Hashable {
    /// Every record of a later time was or will be applied.
    package var birth: Int64?
    /// Everything of this time or an earlier one has been applied.
    package var low: Int64?
    /// No state is newer.
    package var high: Int64?

    package init(birth: Int64? = nil, low: Int64? = nil, high: Int64? = nil) {
        self.birth = birth
        self.low = low
        self.high = high
    }
}

/// The evidence by which a generation places readers of other replicas: how its seqs relate to the times that stream records bear.
///
/// At most 64 KiB, copied on write: a snapshot keeps it as it was.
package struct StreamProgress: Sendable, Hashable {
    /// A seq, and a time that belongs to it, in milliseconds since 1970 UTC.
    struct Mark: Sendable, Hashable {
        let seq: UInt64
        let time: Int64
    }

    /// The stream that the contents follow; nil where nobody has said.
    package private(set) var stream: StreamTag?
    /// Every record that bears a later time was applied to this generation, so it knows every later removal. Nil while unknown.
    package private(set) var birth: Int64?
    /// The first seq at which something was put right that no record told of; nil where nothing was.
    package private(set) var firstRepair: UInt64?
    /// Each mark: at its seq the newest time that any record up to there bears grew to its time.
    private var newest: [Mark] = []
    /// Each mark: all records that bear its time or an earlier one have been applied at its seq or before.
    private var complete: [Mark] = []

    /// Marks kept of either kind. Beyond that every second one of the older half goes: places become less exact, towards more repeats.
    static let capacity = 2048

    /// Milliseconds by which a record may come later than the proof that all of its time were there. The overlap of readers covers less.
    static let latest: Int64 = 60_000

    // MARK: Noting

    /// Begins with what is known before the first change.
    mutating func begin(stream: StreamTag?, birth: Int64?) {
        if let stream { self.stream = stream }
        if let birth { self.birth = max(self.birth ?? birth, birth) }
    }

    /// A record with this time was applied at `seq`. Times may be out of order.
    mutating func applied(_ time: Int64, at seq: UInt64) {
        // So much later than its proof no stream delivers: the clock that stamps was set back, and the proof holds no longer.
        while let last = complete.last, last.time - Self.latest > time { complete.removeLast() }
        guard time > newest.last?.time ?? .min else { return }
        newest.append(Mark(seq: seq, time: time))
        guard newest.count > Self.capacity else { return }
        // An early seq with a later time only moves readers back. So of two marks the later time takes the earlier seq.
        newest = Self.thinned(newest) { Mark(seq: $0.seq, time: $1.time) }
    }

    /// Something that no record told of was put right at `seq`, as of `time`.
    mutating func repaired(at seq: UInt64, time: Int64) {
        firstRepair = firstRepair ?? seq
        applied(time, at: seq)
    }

    /// Everything that bears `time` or an earlier one was applied by `seq`, the newest seq there is.
    mutating func completed(_ time: Int64, at seq: UInt64) {
        guard let last = complete.last else { return complete.append(Mark(seq: seq, time: time)) }
        guard time > last.time else { return }
        if last.seq == seq { complete.removeLast() }
        complete.append(Mark(seq: seq, time: time))
        // Of two marks the later one's claim cannot stand at the earlier seq, so the earlier mark goes whole.
        if complete.count > Self.capacity { complete = Self.thinned(complete) { $1 } }
    }

    private static func thinned(_ marks: [Mark], _ joined: (Mark, Mark) -> Mark) -> [Mark] {
        let half = marks.count / 4 * 2
        return stride(from: 0, to: half, by: 2).map { joined(marks[$0], marks[$0 + 1]) } + marks[half...]
    }

    // MARK: Reading

    /// The place of a reader that has read to `seq`, and holds nothing newer than what was applied up to `other`.
    func position(_ epoch: Epoch, at seq: UInt64, highAt other: UInt64) -> Position {
        guard let stream, let low = low(at: seq), let high = high(at: other) else {
            return Position(epoch: epoch, seq: seq)
        }
        return Position(epoch: epoch, seq: seq, watermarks: Watermarks(stream: stream, low: low, high: high))
    }

    /// The greatest time of which everything was applied at `seq` or before; nil where that is not known.
    func low(at seq: UInt64) -> Int64? { Self.last(of: complete, upTo: seq)?.time }

    /// A time that no state up to `seq` is newer than; nil where there is none.
    func high(at seq: UInt64) -> Int64? {
        let records = Self.last(of: newest, upTo: seq)?.time
        // Rows of the scan hold writes from before its beginning, of which no record tells.
        guard let newest = [birth, records].compactMap(\.self).max() else { return nil }
        // Even: an odd time is that of a reader from another replica (`StoreSnapshot.position(at:readsIndex:holding:)`).
        return newest + (newest & 1)
    }

    /// The greatest seq such that no record up to it bears a later time than `time`.
    func lastSeq(notAfter time: Int64, head: UInt64) -> UInt64 {
        var (low, high) = (0, newest.count)
        while low < high {
            let middle = (low + high) / 2
            if newest[middle].time <= time { low = middle + 1 } else { high = middle }
        }
        // A mark at 0 is of states from before the first change, as an empty state that was restored may have one.
        let seq = low < newest.count ? max(newest[low].seq, 1) - 1 : head
        return firstRepair.map { min(seq, $0 - 1) } ?? seq
    }

    private static func last(of marks: [Mark], upTo seq: UInt64) -> Mark? {
        if let last = marks.last, last.seq <= seq { return last }
        var (low, high) = (0, marks.count)
        while low < high {
            let middle = (low + high) / 2
            if marks[middle].seq <= seq { low = middle + 1 } else { high = middle }
        }
        return low > 0 ? marks[low - 1] : nil
    }
}
