import Basics
import DynamoDBClient
import Synchronization

/// What readers are told, judged at the time of reading and outside of the actor: whatever is blocked, lag grows.
extension Replicator {
    /// The state, for any thread.
    package nonisolated var status: ReplicationStatus {
        let (verdict, stalls) = judged
        var status = board.status
        if stalls.departures > 0 { status.departures[.stalled, default: 0] += stalls.departures }
        status.lagMilliseconds = verdict.lagMilliseconds
        guard let silence = verdict.silence else { return status }
        let reason = Reason.stalled(for: silence)
        let since = stalls.stall?.noticedAt ?? time.wallMilliseconds()
        status.stateSince = status.state == verdict.state ? min(status.stateSince, since) : since
        status.state = verdict.state
        status.reason = reason.text
        status.reasonCode = reason.code
        for index in status.shards.indices { status.shards[index].addLag(silence) }
        return status
    }

    /// The part of the status that every answer needs.
    package nonisolated var stateAndLag: (state: ReplicaState, lagMilliseconds: Int64?) {
        let (verdict, _) = judged
        return (verdict.state, verdict.lagMilliseconds)
    }

    /// Looks whether replication stands still, and reports it once, as it does when it goes on. For a thread that replication has no
    /// part in, a few times a second.
    package nonisolated func watchForStalls() {
        let wall = time.wallMilliseconds()
        let news = stallWatch.withLock { watch in
            let known = board.freshness
            return watch.look(at: known, by: bounds, now: time.continuous(), wallMilliseconds: wall)
        }
        if let news { observer.observe(ReplicationEvent(news)) }
    }

    /// What readers are told now, and what the watch has told. Both of one moment: replication writes under the same lock.
    private nonisolated var judged: (verdict: Freshness.Verdict, stalls: StallWatch) {
        stallWatch.withLock { watch in
            let known = board.freshness
            return (known.judged(at: time.continuous(), by: bounds, during: watch.stall), watch)
        }
    }
}

extension Reason {
    /// Replication has completed no read for so long.
    static func stalled(for silence: Duration) -> Reason {
        Reason(.stalled, "replication has not completed a read for \(silence.wholeSeconds) s")
    }
}

extension ShardStatus {
    /// While nothing is heard of replication, nothing is known of the shard either.
    fileprivate mutating func addLag(_ silence: Duration) {
        if let lag = lagMilliseconds { lagMilliseconds = lag + silence.wholeMilliseconds }
    }
}
