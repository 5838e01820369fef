import Basics
import DynamoDBClient

// Failures of the shards' calls, and the gaps that some of them mean.
extension StreamMachine {
    mutating func callFailed(_ shardID: String, _ error: DynamoDBError, isRead: Bool) {
        endCall(shardID, isRead: isRead)
        guard let cursor = lineage[shardID] else { return }
        switch (cursor.phase, isRead) {
        case (.requesting, false), (.reading, true): break
        default: return
        }
        lineage.update(shardID) { $0.returnToWaiting() }
        switch error.kind {
        case .cancelled:
            schedule(shardID, at: now.continuous)
        case .expiredIterator:
            lineage.update(shardID) {
                $0.dropIterator()
                $0.faults.noteExpiry()
            }
            // An iterator that expires at once, again and again, is a fault of the endpoint or a stopped clock.
            if cursor.faults.expiries > 0 { retry(shardID, error) } else { schedule(shardID, at: now.continuous) }
        case .trimmed:
            trimmed(cursor, error)
        case .notFound:
            lineage.update(shardID) {
                $0.dropIterator()
                $0.suspect()
            }
            discovery.hurry(now.continuous)
            retry(shardID, error)
        case .fatal:
            // A redirect, a response that is too large or none at all says nothing about the iterator. The service's own refusal
            // does, when it lasts.
            if error.code == .validation { refused(shardID) }
            retry(shardID, error)
        case .throttled, .transient, .expiredCredentials, .accessDenied, .malformed:
            retry(shardID, error)
        }
    }

    private mutating func refused(_ shardID: String) {
        let (moment, patience) = (now.continuous, settings.limits.refusalPatience)
        lineage.update(shardID) { if $0.faults.isRefused(at: moment, patience: patience) { $0.dropIterator() } }
    }

    /// Trimmed data is a gap, unless nothing of the shard can be that old: DynamoDB Local reports a trim right after the first
    /// write. Then the shard is read from its oldest record, which repeats and skips nothing.
    private mutating func trimmed(_ cursor: ShardCursor, _ error: DynamoDBError) {
        guard cursor.isYoungerThan(settings.limits.retention, at: now.continuous), cursor.faults.falseTrims < 3 else {
            lose(cursor.id, .trimmed)
            return
        }
        lineage.update(cursor.id) {
            $0.dropIterator()
            $0.faults.noteFalseTrim()
        }
        retry(cursor.id, error)
    }

    mutating func missingIterator(_ shardID: String) {
        guard let cursor = lineage[shardID] else { return }
        if cursor.isReadToListedEnd {
            finish(shardID)
            return
        }
        lineage.update(shardID) { $0.faults.noteMissingIterator() }
        if cursor.faults.missingIterators + 1 >= settings.limits.missingIterators {
            lose(shardID, .noIterator)
        } else {
            discovery.hurry(now.continuous + .seconds(1))
            retry(shardID, nil)
        }
    }

    /// Calls again after a wait. `error` is nil where the service gave no iterator.
    private mutating func retry(_ shardID: String, _ error: DynamoDBError?) {
        guard let cursor = lineage[shardID] else { return }
        if let error { actions.append(.trouble(shardID: shardID, error)) }
        let endsPass = pass != nil && cursor.faults.count + 1 >= settings.limits.passAttempts
        if endsPass { pass?.giveUp(shardID, error) }
        lineage.update(shardID) {
            $0.faults.note(error)
            if endsPass { $0.faults.forgetCount() }
        }
        let wait = settings.limits.backoff.wait(failures: cursor.faults.count, fraction: random.fraction())
        schedule(shardID, at: now.continuous + wait)
    }

    // MARK: Gaps

    /// Stops a shard whose records are lost, and says so.
    mutating func lose(_ shardID: String, _ reason: StreamGap.Reason) {
        guard let cursor = lineage[shardID], cursor.gap == nil else { return }
        lineage.update(shardID) { $0.lose(reason) }
        actions.append(.gap(StreamGap(reason: reason, shardID: shardID)))
    }

    /// Resumes after gaps: trimmed shards with the oldest record they still have, vanished ones not at all. The records between are
    /// lost for this consumer; only its owner can decide that.
    package mutating func continueAfterGaps() {
        let moment = now.continuous
        for shardID in lineage.ids {
            guard let reason = lineage[shardID]?.gap else { continue }
            switch reason {
            case .trimmed, .stalled, .missingParent:
                lineage.update(shardID) { $0.resume(at: moment, isReread: true) }
                let dropped = delivery.dropHeld(of: shardID)
                lineage.update(shardID) { $0.evidence.dropPages(dropped) }
                schedule(shardID, at: moment)
            case .replayTooLarge:
                lineage.update(shardID) { $0.resume(at: moment, isReread: false) }
                releaseReplay(shardID)
                schedule(shardID, at: moment)
            case .vanished, .lateParent, .noIterator, .streamNotFound:
                lineage.update(shardID) { $0.resume(at: moment, isReread: false) }
                finish(shardID)
            }
        }
    }
}
