import AWSClient
import Synchronization

/// What readers are told, judged at the time of reading and outside of the actor: whatever is blocked, lag grows.
extension Replicator {
    /// The state, for any thread.
    package nonisolated var status: ReplicationStatus {
        let verdict = verdict
        var status = board.status
        let stalls = stallWatch.withLock { $0 }
        if stalls.departures > 0 { status.departures[.stalled, default: 0] += stalls.departures }
        status.lagMilliseconds = verdict.lagMilliseconds
        guard let silence = verdict.silence else { return status }
        let reason = Reason.stalled(for: silence)
        status.state = verdict.state
        status.reason = reason.text
        status.reasonCode = reason.code
        status.stateSince = stalls.stall?.noticedAt ?? time.wallMilliseconds()
        for index in status.shards.indices { status.shards[index].addLag(silence) }
        return status
    }

    /// The part of the status that every answer needs.
    package nonisolated var stateAndLag: (state: ReplicaState, lagMilliseconds: Int64?) {
        let verdict = verdict
        return (verdict.state, verdict.lagMilliseconds)
    }

    /// Looks whether replication stands still, and reports it once, as it does when it goes on. For a thread that replication has no
    /// part in, a few times a second.
    package nonisolated func watchForStalls() {
        let (known, now, wall) = (board.freshness, time.monotonic(), time.wallMilliseconds())
        let verdict = known.judged(at: now, by: bounds)
        let news = stallWatch.withLock { $0.look(verdict, from: known.state, now: now, wallMilliseconds: wall) }
        switch news {
        case nil: return
        case .stalled(let silence, let state):
            let reason = Reason.stalled(for: silence)
            observer.observe(.stateChanged(from: state, to: .stale, code: reason.code, reason: reason.text))
        case .ended(let duration, let state):
            observer.observe(.stallEnded(seconds: duration.components.seconds, in: state))
        }
    }

    private nonisolated var verdict: Freshness.Verdict {
        board.freshness.judged(at: time.monotonic(), by: bounds)
    }
}

extension Reason {
    /// Replication has completed no read for so long.
    static func stalled(for silence: Duration) -> Reason {
        Reason(.stalled, "replication has not completed a read for \(silence.components.seconds) s")
    }
}

extension ShardStatus {
    /// While nothing is heard of replication, nothing is known of the shard either.
    fileprivate mutating func addLag(_ silence: Duration) {
        if let lag = lagMilliseconds { lagMilliseconds = lag + silence.milliseconds }
    }
}
