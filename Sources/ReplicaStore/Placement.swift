/// Where a reader of another replica continues on this one.
package enum Placement: Sendable, Hashable {
    /// After this seq. All that the reader may have seen is at or before `seen`, the head of the snapshot.
    case after(UInt64, seen: UInt64)
    /// Not yet: the reader may hold states that this replica has not reached.
    case behind
    /// Nowhere: the reader must start over.
    case impossible(Obstacle)

    /// Why a position cannot be placed.
    package enum Obstacle: Sendable, Hashable {
        /// It says nothing of the stream's times, or this replica knows none.
        case unknownTimes
        /// It is of another table, of another stream, or of a replica that leaves out other attributes.
        case otherStream
        /// This replica began later than the reader stopped: it does not know which items were removed before.
        case younger
        /// It has forgotten removals since then.
        case forgotten
    }
}

/// What a reader brought from elsewhere, in milliseconds since 1970 UTC as stream records bear them.
package struct HeldTimes: Sendable, Hashable {
    /// It has every record that bears this time or an earlier one, as its position says (`Watermarks.low`).
    package let low: Int64
    /// The newest time of a state that another replica may have given it; nil where it has only read here and at copies of this.
    package let high: Int64?

    /// Names the times. `low` is cut to a whole second, as records bear them: so readers who heard of different moments share frames.
    package init(low: Int64, high: Int64?) {
        self.low = low - low % 1_000
        self.high = high
    }
}

extension StoreSnapshot {
    /// The place of a reader that has read to `seq`. Without watermarks where that is beyond this view, which does not know the newest time
    /// up to there.
    ///
    /// A reader of the index lacks keys that this view has at later seqs, of which it may know older states. Another replica must have what
    /// superseded those, so its `high` is that of the whole view.
    package func position(at seq: UInt64, readsIndex: Bool = true) -> Position {
        if seq == position.seq { return position }
        if seq > position.seq { return Position(epoch: position.epoch, seq: seq) }
        return progress.position(position.epoch, at: seq, highAt: readsIndex ? position.seq : seq)
    }

    /// The same of a reader that brought `held` from elsewhere. Without that it would lose its place where it is cut off again before this
    /// replica's first proof, and the next replica would not wait for what it has seen.
    package func position(at seq: UInt64, readsIndex: Bool, holding held: HeldTimes?) -> Position {
        let position = position(at: seq, readsIndex: readsIndex)
        guard let held, let stream = progress.stream else { return position }
        let own = position.watermarks?.high ?? progress.high(at: readsIndex ? self.position.seq : seq)
        guard let newest = held.high.map({ max($0, own ?? $0) }) ?? own else { return position }
        let low = max(held.low, position.watermarks?.low ?? held.low)
        // Odd, so that this replica tells such a place from those of its own readers, however often it is cut off.
        let high = held.high == nil ? newest : newest | 1
        return Position(
            epoch: position.epoch,
            seq: seq,
            watermarks: Watermarks(stream: stream, low: low, high: high)
        )
    }

    /// What a reader holds by its position that this replica does not know of the seq in it; nil where it knows all.
    package func held(by position: Position) -> HeldTimes? {
        guard let marks = position.watermarks, marks.stream == progress.stream else { return nil }
        let high = foreignHigh(of: position)
        guard high != nil || progress.low(at: position.seq) ?? .min < marks.low else { return nil }
        return HeldTimes(low: marks.low, high: high)
    }

    /// The newest time of a state that a reader of this replica may hold, where another replica gave it: it was cut off before it had read all
    /// that it may have seen there, or it read pages of a list from both. Nil for every other reader.
    package func foreignHigh(of position: Position) -> Int64? {
        guard let marks = position.watermarks, marks.stream == progress.stream else { return nil }
        if marks.high & 1 == 1 { return marks.high - 1 }
        return marks.high > progress.high(at: self.position.seq) ?? .min ? marks.high : nil
    }

    /// True if this replica has a state as new as `high`, or has proved that it has every record up to then. Only the proof counts for a copy: a
    /// reader of the replica that it is a copy of may hold a later state of the same second.
    package func reaches(_ high: Int64) -> Bool {
        if isCopy { return proves(high) }
        return proves(high) || progress.high(at: position.seq) ?? .min >= high
    }

    /// True if this replica has proved that it has every record up to `high`.
    private func proves(_ high: Int64) -> Bool { progress.low(at: position.seq) ?? .min >= high }

    /// True if a follower at `seq` may hold more than these contents: they are those that a process had saved before it was killed, and it told
    /// steps up to `seq` afterwards. Without a proof the stream has not been read again, and with a later record this replica has told of it.
    package func mayLack(_ seq: UInt64) -> Bool {
        guard history.origin == nil, progress.low(at: position.seq) == nil, seq > 0, seq < position.seq else {
            return false
        }
        var isLast = true
        forEachChange(after: seq - 1) { _ in
            isLast = false
            return false
        }
        return isLast
    }

    /// Places a reader of another replica by its watermarks.
    ///
    /// The reader has every record that bears `low` or an earlier time, but for those that the stream delivered to its replica later than
    /// by `overlap` milliseconds. So whatever it lacks bears a later time than `low - overlap`, and has a seq after the result. It may hold
    /// states up to `high`: until this replica is known to have all records up to there, anything that it sends could be older.
    package func placement(of position: Position, overlap: Int64) -> Placement {
        guard let marks = position.watermarks, let stream = progress.stream else { return .impossible(.unknownTimes) }
        guard marks.stream == stream else { return .impossible(.otherStream) }
        guard let birth = progress.birth else { return .impossible(.unknownTimes) }
        let start = marks.low - overlap
        guard start >= birth else { return .impossible(.younger) }
        let head = self.position.seq
        let seq = progress.lastSeq(notAfter: start, head: head)
        // Of contents that were copied the seqs alone do not tell: they lack the times of what was forgotten.
        guard seq >= horizon, start >= horizonAt ?? .min else { return .impossible(.forgotten) }
        guard let known = progress.low(at: head), known >= marks.high else { return .behind }
        return .after(seq, seen: head)
    }
}
