/// Tells once when replication stands still and once when it goes on, by what readers are told: a machine that a thread asks again and
/// again in which replication has no part.
struct StallWatch: Sendable, Hashable {
    /// What is news.
    enum News: Sendable, Hashable {
        /// No read was completed for so long; what replication itself says its state is.
        case stalled(silence: Duration, from: ReplicaState)
        /// It went on after so long, in this state.
        case ended(after: Duration, into: ReplicaState)
    }

    /// A stall that lasts.
    struct Stall: Sendable, Hashable {
        /// When it was noticed, in milliseconds since 1970 UTC.
        let noticedAt: Int64
        /// When replication was last heard of, on the monotonic clock.
        let heardAt: Duration
    }

    /// Nil while replication goes on.
    private(set) var stall: Stall?
    /// How often live was left because of a stall.
    private(set) var departures = 0

    /// Takes what readers are told at `now`, and the state that replication itself is in.
    mutating func look(
        _ verdict: Freshness.Verdict,
        from state: ReplicaState,
        now: Duration,
        wallMilliseconds: Int64
    ) -> News? {
        if let silence = verdict.silence {
            guard stall == nil else { return nil }
            stall = Stall(noticedAt: wallMilliseconds, heardAt: now - silence)
            if state == .live { departures += 1 }
            return .stalled(silence: silence, from: state)
        }
        guard let ended = stall else { return nil }
        stall = nil
        return .ended(after: now - ended.heardAt, into: verdict.state)
    }
}
