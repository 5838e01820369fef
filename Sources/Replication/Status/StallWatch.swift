import Basics

/// Reports once when replication stands still and once when it resumes, by the answers that readers get. A thread in which replication has
/// no part asks it again and again.
struct StallWatch: Sendable, Hashable {
    /// A report.
    enum News: Sendable, Hashable {
        /// No read was completed for so long. The state, live or stale, is the one that replication itself reports.
        case stalled(silence: Duration, from: ReplicaState)
        /// Replication resumed after so long, in this state.
        case ended(after: Duration, into: ReplicaState)
    }

    /// A stall that lasts.
    struct Stall: Sendable, Hashable {
        /// When it was noticed, in milliseconds since 1970 UTC.
        let noticedAt: Int64
        /// The same on the continuous clock.
        let toldAt: Duration
        /// When replication was last heard of, on the continuous clock.
        let heardAt: Duration
    }

    /// Nil while replication does not stand still.
    private(set) var stall: Stall?
    /// How often live was left because of a stall.
    private(set) var departures = 0

    /// Judges what replication last knew, as readers do, and returns the event that readers do not know yet.
    mutating func look(
        at known: Freshness,
        by bounds: Freshness.Bounds,
        now: Duration,
        wallMilliseconds: Int64
    ) -> News? {
        let verdict = known.judged(at: now, by: bounds, during: stall)
        if let silence = verdict.silence {
            guard stall == nil else { return nil }
            stall = Stall(noticedAt: wallMilliseconds, toldAt: now, heardAt: now - silence)
            if known.state == .live { departures += 1 }
            return .stalled(silence: silence, from: known.state)
        }
        guard let ended = stall else { return nil }
        stall = nil
        return .ended(after: now - ended.heardAt, into: verdict.state)
    }
}

extension ReplicationEvent {
    /// How a stall or its end is told. Readers of a replica that was stale already learn of another reason.
    init(_ news: StallWatch.News) {
        switch news {
        case .stalled(let silence, let state):
            let reason = Reason.stalled(for: silence)
            self =
                state == .stale
                ? .reasonChanged(in: state, code: reason.code, reason: reason.text)
                : .stateChanged(from: state, to: .stale, code: reason.code, reason: reason.text)
        case .ended(let duration, let state):
            self = .stallEnded(seconds: duration.wholeSeconds, in: state)
        }
    }

    /// The event for a change of replication's own state; nil if readers know it already. During a stall all have been told that the
    /// replica is stale, whatever replication found before it.
    init?(from before: Readiness, to after: Readiness, isStalled: Bool) {
        let told = isStalled ? .stale : before.state
        // While replication's own state is the same, the end of the stall reports the state that follows it.
        if before.state != after.state, told != after.state {
            self = .stateChanged(from: told, to: after.state, code: after.code, reason: after.reason)
        } else {
            guard before.code != after.code, !(isStalled && after.code == .stalled) else { return nil }
            self = .reasonChanged(in: after.state, code: after.code, reason: after.reason)
        }
    }
}
