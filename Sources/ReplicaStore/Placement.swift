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

    /// The same of a reader that may hold states up to `high` besides, which another replica gave it: the next replica must have reached them.
    package func position(at seq: UInt64, readsIndex: Bool, holding high: Int64?) -> Position {
        let position = position(at: seq, readsIndex: readsIndex)
        guard let high, let stream = progress.stream else { return position }
        // Before the first proof: whoever was placed here had all from before this replica began.
        guard let low = position.watermarks?.low ?? progress.birth else { return position }
        // Odd, so that this replica tells such a place from those of its own readers, however often it is cut off.
        let newest = max(high, position.watermarks?.high ?? high) | 1
        return Position(
            epoch: position.epoch,
            seq: seq,
            watermarks: Watermarks(stream: stream, low: low, high: newest)
        )
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
        let head = self.position.seq
        if isCopy { return progress.low(at: head) ?? .min >= high }
        return [progress.low(at: head), progress.high(at: head)].contains { $0 ?? .min >= high }
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
        guard seq >= horizon else { return .impossible(.forgotten) }
        guard let known = progress.low(at: head), known >= marks.high else { return .behind }
        return .after(seq, seen: head)
    }
}
