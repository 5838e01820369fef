import Basics

/// The age of the served contents as replication last knew it, and when it knew that. Readers judge by it at the time of reading. So the
/// lag grows whenever something keeps replication from saying more: an actor, a thread or a disk that is blocked.
///
/// A small value without heap memory: the lock around it is held for a copy, and never during a wait.
struct Freshness: Sendable, Hashable {
    var state: ReplicaState = .starting
    /// Milliseconds that the served contents were behind the table at `knownAt`; nil while unknown.
    var lagMilliseconds: Int64?
    /// The moment, on the continuous clock, up to which what is served is complete; nil before the first publication.
    var servedAsOf: Duration?
    /// When replication last looked, on the continuous clock; nil before it has.
    var knownAt: Duration?
    /// The served contents are a saved state's, and nothing has been added to them.
    var isFrozen = false

    /// The answer to a reader at a moment.
    struct Verdict: Sendable, Hashable {
        var state: ReplicaState
        /// Milliseconds; nil while unknown.
        var lagMilliseconds: Int64?
        /// How long replication has completed no read, where that is why the replica is stale.
        var silence: Duration?
    }

    /// The bounds by which it is judged.
    struct Bounds: Sendable, Hashable {
        /// How far behind the contents may be and still count as live.
        var maximumLag: Duration
        /// How late replication may be with looking before the time since counts.
        var grace: Duration

        init(_ settings: ReplicationSettings) {
            maximumLag = settings.maximumLag
            grace = max(settings.limits.watchInterval * 2, min(settings.limits.watchGrace, settings.maximumLag))
        }
    }

    /// The answer to a reader at `now`, on the continuous clock. `stall` is the stall that the watch has reported and that has not ended.
    func judged(at now: Duration, by bounds: Bounds, during stall: StallWatch.Stall? = nil) -> Verdict {
        let known = Verdict(state: state, lagMilliseconds: lagMilliseconds)
        guard let servedAsOf else { return known }
        let unread = max(0, (now - servedAsOf).wholeMilliseconds)
        switch state {
        case .starting, .syncing: return known
        // The served contents do not change during a rebuild, nor those of a saved state.
        case .rebuilding: return Verdict(state: state, lagMilliseconds: unread)
        case .stale where isFrozen: return Verdict(state: state, lagMilliseconds: unread)
        case .live, .stale:
            guard let knownAt, now - knownAt > bounds.grace else { return known }
            let lag = max(lagMilliseconds ?? 0, unread)
            let silence = now - knownAt
            // A look that began before the stall was reported does not end the stall, however late it comes: it belongs to the same
            // silence.
            let goesOn = stall.map { knownAt <= $0.toldAt } ?? false
            // An earlier reason for staleness stays until the silence alone would make it stale.
            let isReason =
                lag > bounds.maximumLag.wholeMilliseconds && (state == .live || goesOn || silence > bounds.maximumLag)
            return Verdict(state: isReason ? .stale : state, lagMilliseconds: lag, silence: isReason ? silence : nil)
        }
    }
}
