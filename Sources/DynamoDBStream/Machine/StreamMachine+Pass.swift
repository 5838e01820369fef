import DynamoDBClient

extension StreamMachine {
    /// Lists the shards and reads each readable one to its head or end, once.
    mutating func beginPass() {
        followsPasses = true
        pass = Pass()
        discovery.nextListing = now.continuous
        discovery.failures = 0
        for shardID in cursors.keys.sorted() {
            update(shardID) {
                $0.isPassDone = false
                $0.failures = 0
                $0.emptyPages = 0
            }
            schedule(shardID, at: now.continuous)
        }
    }

    /// A pass is over when the shards are listed, no shard has anything left to read and the consumer has taken everything.
    mutating func endPassIfDone() {
        guard let pass, pass.isListed, outbox.isEmpty, discovery.childQueries.isEmpty,
            !discovery.isInFlight
        else {
            return
        }
        let listingFailed = pass.failures.contains { $0.shardID == nil }
        let isBusy = cursors.values.contains { cursor in
            if cursor.phase == .requesting || cursor.phase == .reading { return true }
            if cursor.phase == .waiting { return !cursor.isPassDone }
            // Its parent is being looked for.
            return cursor.phase == .blocked && !listingFailed && cursor.parentID.map { cursors[$0] == nil } ?? false
        }
        guard !isBusy else { return }
        self.pass = nil
        actions.append(.passEnded(pass.failures))
    }

    /// Goes on after gaps: trimmed shards with the oldest record they still have, vanished ones not at all. What lies between is
    /// lost for this consumer; only its owner can decide that.
    package mutating func continueAfterGaps() {
        for shardID in cursors.keys.sorted() {
            guard let cursor = cursors[shardID], cursor.phase == .lost else { continue }
            let moment = now.continuous
            update(shardID) {
                $0.gap = nil
                $0.missingIterators = 0
                $0.parentMissingSince = nil
                $0.phase = .waiting
                $0.readableSince = moment
            }
            switch cursor.gap {
            case .trimmed, .stalled, .missingParent:
                update(shardID) {
                    $0.read = .start
                    $0.isReplaying = false
                }
                dropReplay(shardID)
                schedule(shardID, at: now.continuous)
            case .replayTooLarge:
                releaseReplay(shardID)
                schedule(shardID, at: now.continuous)
            case .vanished, .lateParent, .noIterator, .streamNotFound, nil:
                finish(shardID)
            }
        }
    }
}
