import ReplicaStore

/// Whether a subscriber of a filter must hear that an item is no longer in it.
///
/// A subscriber that held the exact state at `settled` knows of a key what the key's first step after that found. While it catches
/// up it may have seen any state from there to where it stands, so it is told when any of them was in the filter; and when the
/// history does not reach back far enough, it is told in any case. So at the head the removals are exact, and while catching up there may be too many of
/// them, for keys that the subscriber does not have, and never too few.
struct LeaveRule {
    let view: FeedView
    let history: ChangeHistory
    /// Where the subscriber stands: it has seen no state after it.
    let start: UInt64
    /// See `FrameKind.rows`.
    let settled: UInt64

    /// `record` is a covered key's newest state, and not in the filter. Adds to `visited` what was looked at.
    func mustTell(_ record: ItemRecord, visited: inout Int) -> Bool {
        // Without a predicate all that there was of a key was in the filter.
        guard view.hasLeaveEvents else { return true }
        let bound = visited + FeedLimits.visitedPerLeave
        var seq = record.seq
        while visited < bound {
            guard let step = history.step(seq) else { return true }
            // The key was unknown: nobody has seen it.
            guard let old = step.old else { return false }
            visited += old.seq <= start ? view.cost(of: old) : 1
            if old.seq <= start, view.matches(old) { return true }
            if old.seq <= settled { return false }
            seq = old.seq
        }
        return true
    }
}
