import Basics
import DynamoDBClient

// The responses to the shards' calls.
extension StreamMachine {
    mutating func received(iterator token: String?, for shardID: String) {
        endCall(shardID, isRead: false)
        guard lineage[shardID]?.phase == .requesting else { return }
        guard let token else {
            lineage.update(shardID) { $0.returnToWaiting() }
            missingIterator(shardID)
            return
        }
        lineage.update(shardID) { $0.receive(iterator: token) }
        schedule(shardID, at: now.continuous)
    }

    mutating func received(_ page: RecordsPage, of shardID: String) {
        endCall(shardID, isRead: true)
        guard case .reading(let iterator, let started) = lineage[shardID]?.phase else { return }
        let startedAt = started.continuous
        if iterator.opensReplay {
            let time = now
            lineage.update(shardID) { $0.beginReplay(at: time) }
        }
        guard let cursor = lineage[shardID] else { return }
        let records = cursor.unread(page.records, clockSkew: settings.limits.clockSkew)
        let isNews = cursor.isNews(page)
        if isNews, let created = page.newestCreation { clock.note(creation: created, at: now.continuous) }
        let context = PageContext(
            started: started,
            now: now,
            recordMilliseconds: clock.present(at: now),
            listed: discovery.lastBegun,
            evidenceMoment: evidenceMoment?.continuous,
            outagePatience: stalenessGrace,
            settings: settings
        )
        lineage.update(shardID) { $0.receive(page, isNews: isNews, isQueued: !records.isEmpty, context) }
        if lineage[shardID]?.evidence.outageEnded == startedAt { discovery.hurry(now.continuous) }
        guard records.isEmpty || keep(records, of: shardID) else { return }
        if page.nextIterator == nil || isAtEndOfParent(shardID) {
            finish(shardID)
        } else {
            proceed(shardID, startedAt: startedAt, isNews: isNews, isFull: page.records.count >= settings.recordLimit)
        }
    }

    /// Queues a page for the consumer, or holds it while its shard replays. False when that is more than may be held: then the shard
    /// is lost.
    private mutating func keep(_ records: [StreamRecord], of shardID: String) -> Bool {
        guard lineage[shardID]?.isReplaying == true else {
            delivery.queue(records, of: shardID)
            return true
        }
        delivery.hold(records, of: shardID)
        guard delivery.heldBytes > settings.limits.replayBytes else { return true }
        lose(shardID, .replayTooLarge)
        return false
    }

    /// Some listings never show a shard closed that has children.
    private func isAtEndOfParent(_ shardID: String) -> Bool {
        guard let cursor = lineage[shardID], cursor.isListedOpen else { return false }
        return cursor.evidence.isAtEndOfParent(at: now.continuous, limits: settings.limits)
    }

    /// Reads on: at once while behind, otherwise an interval after the last read began.
    private mutating func proceed(_ shardID: String, startedAt: Duration, isNews: Bool, isFull: Bool) {
        guard let cursor = lineage[shardID] else { return }
        let isAtHead = !isNews && cursor.evidence.emptyPages >= settings.limits.emptyPagesAtHead
        if isAtHead || isPastReplay(cursor), cursor.isReplaying { releaseReplay(shardID) }
        if isAtHead { pass?.finish(shardID) }
        let isBehind = isNews && (isFull || cursor.evidence.isBehind)
        schedule(shardID, at: isBehind ? now.continuous : startedAt + settings.pollInterval)
    }

    /// A shard that is written to all the time has no empty pages: its replay is over with a record that is newer than the
    /// replay's beginning by any clock.
    private func isPastReplay(_ cursor: ShardCursor) -> Bool {
        guard let began = cursor.replayBegan, let created = cursor.evidence.newestCreation else { return false }
        return created > latestStamp(before: began)
    }

    /// The replay has reached its head, or the pages that are held are all there is.
    ///
    /// A shard that was opened at LATEST, and whose iterator was lost before it gave a record, is read again from its oldest record.
    /// These records repeat old states of their keys, so they are held until the head is reached, and then delivered all at once.
    /// Records of other shards are delivered meanwhile. The durable position of the shard does not move until then.
    mutating func releaseReplay(_ shardID: String) {
        guard let cursor = lineage[shardID], cursor.isReplaying || delivery.holdsPages(of: shardID) else { return }
        lineage.update(shardID) { $0.endReplay() }
        delivery.releaseHeld(of: shardID)
    }

    /// The shard has been read to its end: its children may be read, and the consumer is told after its last record.
    mutating func finish(_ shardID: String) {
        guard let cursor = lineage[shardID], !cursor.isReadToEnd else { return }
        let time = now
        lineage.update(shardID) { $0.finish(at: time) }
        releaseReplay(shardID)
        delivery.end(shardID)
        for child in lineage.children(of: shardID) { release(child, parentMayBeUnknown: true) }
        seekChildren(of: shardID)
    }
}
