import Basics
import DynamoDBClient

// Views: how far the stream has been read, and how current that is.
extension StreamMachine {
    /// The shards that are followed, and how far each was read.
    package func view(at time: StreamTime) -> StreamView {
        var lag: Int64?
        var unread: Int64?
        var lastError = discovery.lastError
        var gap: StreamGap? = discovery.streamIsLost ? StreamGap(reason: .streamNotFound, shardID: nil) : nil
        var shards: [ShardView] = []
        shards.reserveCapacity(lineage.cursors.count)
        for cursor in lineage.cursors.values where cursor.isRead || cursor.gap != nil {
            let own = lagMilliseconds(of: cursor, at: time, grace: stalenessGrace)
            if let own { lag = max(lag ?? 0, own) }
            if let own = lagMilliseconds(of: cursor, at: time, grace: .zero) { unread = max(unread ?? 0, own) }
            if let error = cursor.faults.lastError { lastError = error }
            if let reason = cursor.gap { gap = StreamGap(reason: reason, shardID: cursor.id) }
            shards.append(
                ShardView(
                    id: cursor.id,
                    parentID: cursor.parentID,
                    phase: cursor.shownPhase,
                    position: cursor.taken,
                    lagMilliseconds: own,
                    lastError: cursor.faults.lastError
                )
            )
        }
        shards.sort { $0.id < $1.id }
        if discovery.isComplete { (lag, unread) = (lag ?? 0, unread ?? 0) }
        let isKnown = discovery.isComplete && !discovery.isIncomplete && !lineage.isReplaying
        return StreamView(
            asOf: time.continuous,
            shards: shards,
            lagMilliseconds: lag,
            unreadMilliseconds: unread,
            completeStamp: isKnown ? completeStamp(at: time) : nil,
            silence: lineage.cursors.values.lazy.compactMap(\.evidence.lastSuccess).max().map { time.continuous - $0 },
            isBookmarked: isBookmarked,
            isReplaying: lineage.isReplaying,
            status: discovery.status,
            lastError: lastError,
            gap: gap
        )
    }

    /// The durable positions: those that the consumer has taken, never more.
    package func state(streamARN: String) -> ShardState {
        let entries = lineage.cursors.values.map { cursor in
            ShardState.Entry(
                shardID: cursor.id,
                parentID: cursor.parentID,
                position: cursor.taken,
                endedAt: cursor.isEnded ? cursor.end?.wallMilliseconds : nil
            )
        }
        return ShardState(streamARN: streamARN, shards: entries.sorted { $0.shardID < $1.shardID })
    }

    // MARK: Lag

    /// The polls that prove a shard to be at its head, one more and a second are no staleness yet.
    var stalenessGrace: Duration { settings.pollInterval * (settings.limits.emptyPagesAtHead + 1) + .seconds(1) }

    private func lagMilliseconds(of cursor: ShardCursor, at time: StreamTime, grace: Duration) -> Int64? {
        if let own = cursor.lagMilliseconds(at: time, grace: grace) { return own }
        guard let since = hiddenSince(cursor) else { return nil }
        let age = time.continuous - since
        return age > grace ? age.wholeMilliseconds : nil
    }

    /// Since when a shard that is not read may hide records; nil if it hides none.
    private func hiddenSince(_ cursor: ShardCursor) -> Duration? {
        // An ended shard without known children hides whatever is written to them; for a while that counts.
        if mayHideChildren(cursor) { return cursor.evidence.completeUntil ?? cursor.end?.continuous }
        // A shard that waits for a parent which no listing shows hides its own writes and the parent's: all since the listing before
        // the one that first showed it.
        guard case .blocked(let parentMissingSince) = cursor.phase, let parentID = cursor.parentID,
            lineage[parentID] == nil
        else { return nil }
        return cursor.bornAfter ?? parentMissingSince
    }

    /// Whether an ended shard without known children may have some: until a listing has begun a while after its end.
    func mayHideChildren(_ cursor: ShardCursor) -> Bool {
        guard let ended = cursor.end?.continuous, discovery.status != .disabled, !lineage.hasChildren(cursor.id) else {
            return false
        }
        // By the listings since, not by the time alone: nobody may have looked.
        return discovery.lastBegun.map { $0 - ended < settings.limits.childListingPatience * 2 } ?? true
    }

    /// Since when a child of an ended shard may hide records whose sibling alone was listed; nil if none can.
    private func siblingHiddenSince(_ cursor: ShardCursor) -> Duration? {
        guard case .ended = cursor.phase, let listed = discovery.lastBegun, mayHideSibling(cursor, listed) else {
            return nil
        }
        return cursor.evidence.completeUntil ?? cursor.end?.continuous
    }

    // MARK: Completeness

    /// See `StreamView.completeStamp`.
    private func completeStamp(at time: StreamTime) -> Int64? {
        var least: Int64?
        for cursor in lineage.cursors.values {
            let own: Int64?
            switch cursor.phase {
            case .waiting, .requesting, .reading, .lost, .drained: own = cursor.evidence.completeStamp
            // Its own records come after those of the parent that it waits for.
            case .blocked, .ended:
                guard let since = hiddenSince(cursor) ?? siblingHiddenSince(cursor) else { continue }
                // The moment may come of a record's time, which bounds it to the width of the service's clock.
                let width = time.service.map { $0.latest - $0.earliest } ?? 0
                own = ReadEvidence.stamp(before: since, time).map { $0 - width }
            }
            guard let own else { return nil }
            least = min(least ?? own, own)
        }
        return least
    }

    // MARK: Catching up

    /// Whether everything written before `moment` has been taken by the consumer, on evidence: ended shards are taken to their
    /// end and their children looked for, each open shard has given several empty pages, spread over time, since then, or a
    /// record created after it, and a listing that began since then shows no other shards.
    ///
    /// Evidence is gathered from the first call with a moment on, so call it then, and again until it holds.
    package mutating func hasCaughtUp(since moment: StreamTime) -> Bool {
        if evidenceMoment != moment {
            evidenceMoment = moment
            lineage.updateAll { $0.evidence.forgetProof() }
            discovery.hurry(now.continuous)
        }
        guard let listed = discovery.lastBegun, listed >= moment.continuous, discovery.isComplete,
            !discovery.isIncomplete, !discovery.seeksChildren, delivery.isEmpty, !lineage.isReplaying
        else { return false }
        return lineage.cursors.values.allSatisfy { cursor in
            switch cursor.phase {
            case .blocked, .requesting, .lost, .drained: false
            case .ended(let end): !mayHideChild(cursor, end, listed) && !mayHideSibling(cursor, listed)
            case .waiting, .reading:
                cursor.evidence.isAtHead(pages: settings.limits.emptyPagesAtHead, spread: .seconds(1))
                    || isPast(cursor, moment)
            }
        }
    }

    private func isPast(_ cursor: ShardCursor, _ moment: StreamTime) -> Bool {
        guard !cursor.evidence.isBehind, let created = cursor.evidence.newestCreation else { return false }
        return created > latestStamp(before: moment)
    }

    /// The greatest creation time that the record of a write before `moment` can bear.
    func latestStamp(before moment: StreamTime) -> Int64 {
        clock.latestStamp(before: moment, at: now, clockSkew: settings.limits.clockSkew)
    }

    /// A young ended shard without children is looked at again by a full listing before it counts.
    private func mayHideChild(_ cursor: ShardCursor, _ end: ShardEnd, _ listed: Duration) -> Bool {
        guard !lineage.hasChildren(cursor.id), let ended = end.continuous else { return false }
        return listed - ended < settings.limits.childListingPatience
    }

    /// Of a shard's children one can be listed before the other: they count when a later listing has begun.
    private func mayHideSibling(_ cursor: ShardCursor, _ listed: Duration) -> Bool {
        guard let since = cursor.evidence.childrenSince, since > .zero || !lineage.isRestored else { return false }
        return listed - since < settings.limits.siblingPatience
    }
}
