extension StreamMachine {
    /// Whether one more call may be begun in a lane. The lanes share no bound but that of the pages in memory, so shards that do not
    /// respond take no turn from those that do.
    func hasRoom(_ lane: CallLane) -> Bool {
        let limits = settings.limits
        switch lane {
        case .read: return calls.reads + queuedPages < limits.pagesInFlight
        case .iterator: return calls.iterators < limits.iteratorCallsInFlight
        case .silent:
            // If many silent calls respond at once, the pages in memory may exceed their bound. New calls then wait until they do not.
            return calls.silent < limits.silentCallsInFlight && queuedPages < limits.pagesInFlight
                && calls.reads + calls.silent + queuedPages < limits.pagesInFlight + limits.silentCallsInFlight
        }
    }

    /// The lane of a shard's next call.
    func lane(of cursor: ShardCursor) -> CallLane {
        if cursor.isSilent { return .silent }
        return cursor.iterator == nil ? .iterator : .read
    }

    /// When a lane without room for the shards that wait in it may get some without a response: its oldest call becomes silent then.
    var nextSilence: Duration? {
        let isWaitedFor = [CallLane.read, .iterator].contains { deadlines[$0].first != nil && !hasRoom($0) }
        return isWaitedFor ? calls.oldest.map { $0.startedAt + settings.limits.silentAfter } : nil
    }

    /// Starts whatever call of a shard is due and allowed.
    mutating func pumpShards() {
        judgeSilence()
        for lane in CallLane.allCases { pump(lane) }
    }

    private mutating func pump(_ lane: CallLane) {
        while let entry = deadlines[lane].first {
            guard let cursor = cursors[entry.shardID], cursor.phase == .waiting, cursor.dueAt == entry.at else {
                deadlines[lane].removeFirst()
                continue
            }
            guard entry.at <= now.continuous, hasRoom(lane) else { return }
            deadlines[lane].removeFirst()
            if cursor.call != nil {
                // Its response is not awaited any more, but would be taken for that of the next call.
                update(entry.shardID) { $0.dueAt = nil }
            } else if cursor.iterator == nil {
                requestIterator(entry.shardID)
            } else {
                readRecords(entry.shardID)
            }
        }
    }

    mutating func beginCall(_ shardID: String) {
        guard let cursor = cursors[shardID] else { return }
        let call = calls.begin(shardID, in: lane(of: cursor), at: now.continuous)
        update(shardID) {
            $0.call = call
            $0.dueAt = nil
        }
    }

    /// A call was answered, or has failed. Only a read that was answered in time ends a shard's silence: some grant iterators of shards
    /// that they cannot read.
    mutating func endCall(_ shardID: String, isRead: Bool) {
        guard let cursor = cursors[shardID], let call = cursor.call else { return }
        calls.end(call)
        let isLate = now.continuous - call.startedAt >= settings.limits.silentAfter
        update(shardID) {
            $0.call = nil
            if isLate || isRead { $0.isSilent = isLate }
        }
        // It became readable again while the call was in flight.
        if cursor.phase == .waiting, cursor.dueAt == nil { schedule(shardID, at: now.continuous) }
    }

    /// Calls without a response for a while give their turn to other shards. They go on among the silent ones; with no room there, they
    /// are abandoned, and their shards wait behind those that are.
    private mutating func judgeSilence() {
        while let oldest = calls.oldest, now.continuous - oldest.startedAt >= settings.limits.silentAfter {
            calls.removeOldest()
            guard var call = cursors[oldest.shardID]?.call, call.number == oldest.number else { continue }
            if calls.silent < settings.limits.silentCallsInFlight {
                calls.becomeSilent(&call)
            } else {
                actions.append(.abandon(shardID: oldest.shardID))
            }
            update(oldest.shardID) {
                $0.call = call
                $0.isSilent = true
            }
        }
    }
}
