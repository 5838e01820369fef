import DynamoDBClient

// The shards' turns: who is called next, and who has waited too long for a response.
extension StreamMachine {
    /// Starts whatever call of a shard is due and allowed.
    mutating func startCalls() {
        judgeSilence()
        for lane in CallLane.allCases { startCalls(in: lane) }
    }

    private mutating func startCalls(in lane: CallLane) {
        while let entry = calls.next(lane) {
            guard let cursor = lineage[entry.shardID], cursor.dueAt == entry.at else {
                calls.removeNext(lane)
                continue
            }
            guard entry.at <= now.continuous, calls.hasRoom(lane, queuedPages: delivery.queuedPages) else { return }
            calls.removeNext(lane)
            if cursor.call != nil {
                // Its response is not awaited any more, but would be taken for that of the next call.
                lineage.update(entry.shardID) { $0.wait(until: nil) }
            } else {
                startCall(cursor)
            }
        }
    }

    private mutating func startCall(_ cursor: ShardCursor) {
        guard case .waiting(let iterator, _) = cursor.phase else { return }
        if iterator == nil, cursor.isUnread(forLongerThan: settings.limits.retention, at: now) {
            lose(cursor.id, .stalled)
            return
        }
        let call = calls.begin(cursor.id, in: cursor.lane, at: now)
        lineage.update(cursor.id) { $0.begin(call) }
        if let iterator {
            actions.append(.getRecords(shardID: cursor.id, iterator: iterator.token))
        } else {
            actions.append(.getIterator(shardID: cursor.id, start: cursor.iteratorStart))
        }
    }

    /// A call had a response, or has failed.
    mutating func endCall(_ shardID: String, isRead: Bool) {
        guard let cursor = lineage[shardID], let call = cursor.call else { return }
        calls.end(call)
        let isLate = calls.isSilent(since: call.startedAt.continuous, at: now.continuous)
        lineage.update(shardID) { $0.endCall(isRead: isRead, isLate: isLate) }
        // It became readable again while the call was in flight.
        if cursor.isWaiting, cursor.dueAt == nil { schedule(shardID, at: now.continuous) }
    }

    /// Calls without a response for a while give their turn to other shards. They continue among the silent ones; with no room there,
    /// they are abandoned, and their shards wait behind those that are.
    private mutating func judgeSilence() {
        while let silent = calls.nextSilent(at: now.continuous) {
            guard var call = lineage[silent.shardID]?.call, call.number == silent.number else { continue }
            if !calls.becomeSilent(&call) { actions.append(.abandon(shardID: silent.shardID)) }
            lineage.update(silent.shardID) { $0.becomeSilent(call) }
        }
    }
}
