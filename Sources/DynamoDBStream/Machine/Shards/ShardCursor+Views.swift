extension ShardCursor {
    /// Whether children may be read.
    var isReadToEnd: Bool { end != nil }

    /// Whether its own calls can make it progress.
    var isActive: Bool {
        switch phase {
        case .waiting, .requesting, .reading: true
        case .blocked, .drained, .ended, .lost: false
        }
    }

    var isBlocked: Bool { if case .blocked = phase { true } else { false } }

    var isWaiting: Bool { if case .waiting = phase { true } else { false } }

    /// Taken to its end.
    var isEnded: Bool { if case .ended = phase { true } else { false } }

    var isReplaying: Bool { replayBegan != nil }

    /// When it is called next; nil unless it waits and is not held back.
    var dueAt: Duration? { if case .waiting(_, let due) = phase { due } else { nil } }

    var gap: StreamGap.Reason? { if case .lost(let reason) = phase { reason } else { nil } }

    /// When it was read to its end; nil while it is not.
    var end: ShardEnd? {
        switch phase {
        case .drained(let end), .ended(let end): end
        case .blocked, .waiting, .requesting, .reading, .lost: nil
        }
    }

    /// Whether all records that a listing says it has have been read.
    var isReadToListedEnd: Bool {
        guard let endingSequenceNumber, case .after(let last) = read else { return false }
        return last >= endingSequenceNumber
    }

    /// The lane of its next call.
    var lane: CallLane {
        if isSilent { return .silent }
        if case .waiting(.some, _) = phase { return .read }
        return .iterator
    }

    var shownPhase: ShardPhase {
        switch phase {
        case .blocked: .blocked
        case .waiting, .requesting, .reading: .reading
        case .drained, .ended: .ended
        case .lost: .lost
        }
    }

    /// How long ago the replica was last sure to have everything of this shard, in milliseconds, never negative; nil while it
    /// has nothing to do with lag.
    func lagMilliseconds(at now: StreamTime, grace: Duration) -> Int64? {
        switch phase {
        case .blocked, .drained, .ended: nil
        case .lost, .waiting, .requesting, .reading: evidence.lagMilliseconds(at: now, grace: grace)
        }
    }

    /// Until a first record is read, the service has no position that it could report as trimmed, so a shard that was not read for
    /// longer than the retention may have lost records without an error. Either clock may show that: a hypervisor that pauses this
    /// machine may stop the continuous clock, and the wall clock may be set. A needless rebuild loses nothing.
    func isUnread(forLongerThan retention: Duration, at now: StreamTime) -> Bool {
        let unreadSince: Duration?
        switch read {
        case .since: unreadSince = opening == .atLatest ? nil : evidence.lastSuccess ?? evidence.readableSince
        case .start: unreadSince = evidence.lastSuccess ?? bornAfter
        case .after, .ended: unreadSince = nil
        }
        guard let unreadSince else { return false }
        if now.continuous - unreadSince > retention { return true }
        guard let wall = evidence.lastSuccessWallMilliseconds else { return false }
        return .milliseconds(now.wallMilliseconds - wall) > retention
    }

    /// Whether nothing of the shard can be so old as to be trimmed.
    func isYoungerThan(_ retention: Duration, at now: Duration) -> Bool {
        let youth: Duration?
        switch read {
        case .start: youth = bornAfter
        case .since: youth = evidence.lastSuccess ?? evidence.readableSince
        case .after, .ended: youth = nil
        }
        return youth.map { now - $0 < retention } ?? false
    }
}
