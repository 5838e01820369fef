import Basics
package import DynamoDBClient

/// One shard, as a status reader sees it.
package struct ShardView: Sendable, Hashable {
    package let id: String
    package let parentID: String?
    package let phase: ShardPhase
    package let position: ShardPosition
    package let lagMilliseconds: Int64?
    package let lastError: DynamoDBError?
}

/// The stream, as a status reader sees it.
package struct StreamView: Sendable {
    /// When it was like this, on the continuous clock, however late the view is read.
    package let asOf: Duration
    package let shards: [ShardView]
    /// The greatest lag of a shard, milliseconds, never negative; nil before the shards are known.
    package let lagMilliseconds: Int64?
    /// How long ago the newest read that was completed was begun, of any shard, at `asOf`; nil before the first.
    package let silence: Duration?
    package let isBookmarked: Bool
    package let isReplaying: Bool
    package let status: StreamStatus?
    /// The newest failure of a listing or of a shard that has not succeeded since.
    package let lastError: DynamoDBError?
    package let gap: StreamGap?
}

extension StreamMachine {
    /// What is followed, and how far.
    package func view(at time: StreamTime) -> StreamView {
        let grace = stalenessGrace
        var lag: Int64?
        var lastError = discovery.lastError
        var gap: StreamGap? = discovery.streamIsLost ? StreamGap(reason: .streamNotFound, shardID: nil) : nil
        var shards: [ShardView] = []
        shards.reserveCapacity(cursors.count)
        for cursor in cursors.values where cursor.isRead {
            let own =
                cursor.lagMilliseconds(at: time, grace: grace)
                ?? leafLag(cursor, at: time, grace: grace) ?? orphanLag(cursor, at: time, grace: grace)
            if let own { lag = max(lag ?? 0, own) }
            if let error = cursor.lastError { lastError = error }
            if let reason = cursor.gap { gap = StreamGap(reason: reason, shardID: cursor.id) }
            shards.append(
                ShardView(
                    id: cursor.id,
                    parentID: cursor.parentID,
                    phase: cursor.shownPhase,
                    position: cursor.taken,
                    lagMilliseconds: own,
                    lastError: cursor.lastError
                )
            )
        }
        shards.sort { $0.id < $1.id }
        if discovery.isComplete { lag = lag ?? 0 }
        return StreamView(
            asOf: time.continuous,
            shards: shards,
            lagMilliseconds: lag,
            silence: cursors.values.lazy.compactMap(\.lastSuccess).max().map { time.continuous - $0 },
            isBookmarked: isBookmarked,
            isReplaying: isReplaying,
            status: discovery.status,
            lastError: lastError,
            gap: gap
        )
    }

    /// The polls that prove a shard to be at its head, one more and a second are no staleness yet.
    var stalenessGrace: Duration { settings.pollInterval * (settings.limits.emptyPagesAtHead + 1) + .seconds(1) }

    /// An ended shard without known children hides whatever is written to them; for a while that counts.
    private func leafLag(_ cursor: ShardCursor, at time: StreamTime, grace: Duration) -> Int64? {
        guard isYoungLeaf(cursor), let ended = cursor.endedAt else { return nil }
        let age = time.continuous - (cursor.completeUntil ?? ended)
        return age > grace ? age.wholeMilliseconds : nil
    }

    /// A shard that waits for a parent which no listing shows hides its own writes and the parent's: all since the listing before
    /// the one that first showed it.
    private func orphanLag(_ cursor: ShardCursor, at time: StreamTime, grace: Duration) -> Int64? {
        guard cursor.phase == .blocked, let parentID = cursor.parentID, cursors[parentID] == nil,
            let since = cursor.bornAfter ?? cursor.parentMissingSince
        else { return nil }
        let age = time.continuous - since
        return age > grace ? age.wholeMilliseconds : nil
    }

    /// Whether an ended shard without known children may have some: until a listing has been begun a while after its end.
    func isYoungLeaf(_ cursor: ShardCursor) -> Bool {
        guard cursor.isReadToEnd, discovery.status != .disabled, (children[cursor.id] ?? []).isEmpty else {
            return false
        }
        // By what listings have shown since, not by the time alone: nobody may have looked.
        return cursor.endedAt.map { ended in
            discovery.lastBegun.map { $0 - ended < settings.limits.childListingPatience * 2 } ?? true
        } ?? false
    }

    /// Whether everything written before `moment` has been taken by the consumer, on evidence: ended shards are taken to their
    /// end and their children looked for, each open shard has answered with several empty pages, spread over time, since then,
    /// or with a record created after it (`wallMilliseconds`, to the second), and a listing begun since then shows no other
    /// shards.
    ///
    /// Evidence is gathered from the first call with a moment on, so call it then, and again until it holds.
    package mutating func hasCaughtUp(since moment: StreamTime) -> Bool {
        if evidenceMoment != moment {
            evidenceMoment = moment
            for shardID in cursors.keys.sorted() { update(shardID) { $0.provingPages = 0 } }
            discovery.hurry(now.continuous)
        }
        guard let listed = discovery.lastBegun, listed >= moment.continuous else { return false }
        guard discovery.isComplete, !discovery.isIncomplete, outbox.isEmpty, discovery.childQueries.isEmpty,
            !isReplaying
        else { return false }
        return cursors.values.allSatisfy { cursor in
            switch cursor.phase {
            case .blocked, .requesting, .lost, .drained: false
            case .ended: hasNoHiddenChildren(cursor) && hasNoHiddenSiblings(cursor, listed)
            case .waiting, .reading:
                cursor.isAtHead(pages: settings.limits.emptyPagesAtHead, spread: .seconds(1))
                    || isPast(cursor, moment)
            }
        }
    }

    private func isPast(_ cursor: ShardCursor, _ moment: StreamTime) -> Bool {
        guard !cursor.isBehind, let created = cursor.newestCreation else { return false }
        return created > latestStamp(before: moment)
    }

    /// The greatest creation time that the record of a write before `moment` can bear.
    func latestStamp(before moment: StreamTime) -> Int64 {
        // The moment by the clock that stamps the records, and never earlier than the records that have come can have been made.
        let continuous = moment.continuous.wholeMilliseconds
        let bound: Int64
        if let service = moment.service {
            bound = service.latest
        } else if let service = now.service {
            // Not known then, before the first answers, but since.
            bound = service.latest - (now.continuous.wholeMilliseconds - continuous)
        } else {
            // This machine's own clock is asked only where the service does not tell its time: it may be minutes behind.
            bound = continuous + wallOffset + settings.limits.clockSkew.wholeMilliseconds
        }
        return max(bound, recordOffset == .min ? bound : continuous + recordOffset)
    }

    /// A young ended shard without children is looked at again by a full listing before it counts.
    private func hasNoHiddenChildren(_ cursor: ShardCursor) -> Bool {
        guard (children[cursor.id] ?? []).isEmpty, let ended = cursor.endedAt else { return true }
        return discovery.lastBegun.map { $0 - ended >= settings.limits.childListingPatience } ?? false
    }

    /// Of a shard's children one can be listed before the other: they count when a later listing has been begun.
    private func hasNoHiddenSiblings(_ cursor: ShardCursor, _ listed: Duration) -> Bool {
        guard let since = cursor.heirsSince, since > .zero || !isRestored else { return true }
        return listed - since >= settings.limits.siblingPatience
    }

    /// The durable positions: what the consumer has taken, never more.
    package func state(streamARN: String) -> ShardState {
        let entries = cursors.values
            .map { cursor in
                ShardState.Entry(
                    shardID: cursor.id,
                    parentID: cursor.parentID,
                    position: cursor.taken,
                    endedAt: cursor.taken == .ended ? cursor.endedAtMilliseconds : nil
                )
            }
        return ShardState(streamARN: streamARN, shards: entries.sorted { $0.shardID < $1.shardID })
    }

    mutating func restore(_ state: ShardState) {
        isBookmarked = true
        for entry in state.shards {
            let shard = Shard(
                id: entry.shardID,
                parentID: entry.parentID,
                startingSequenceNumber: nil,
                endingSequenceNumber: nil
            )
            var cursor = ShardCursor(shard: shard, phase: .blocked, position: entry.position)
            if entry.position == .ended {
                cursor.phase = .ended
                cursor.endedAtMilliseconds = entry.endedAt
            }
            if case .since(let moment) = entry.position {
                cursor.ignoreBefore = moment - settings.limits.clockSkew.wholeMilliseconds
            }
            cursors[entry.shardID] = cursor
            if let parentID = entry.parentID { children[parentID, default: []].append(entry.shardID) }
        }
        // Children that the state knows were found long ago.
        for parentID in children.keys { update(parentID) { $0.heirsSince = .zero } }
        for entry in state.shards { releaseIfReady(entry.shardID, parentMayBeUnknown: true) }
    }
}

extension ShardCursor {
    var shownPhase: ShardPhase {
        switch phase {
        case .blocked: .blocked
        case .waiting, .requesting, .reading: .reading
        case .drained, .ended: .ended
        case .lost: .lost
        }
    }
}
