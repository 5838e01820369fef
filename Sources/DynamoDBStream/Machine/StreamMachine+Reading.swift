import Basics
import DynamoDBClient
import TableModel

extension StreamMachine {
    mutating func requestIterator(_ shardID: String) {
        guard let cursor = cursors[shardID] else { return }
        if isBeyondRetention(cursor) {
            lose(shardID, .stalled)
            return
        }
        beginCall(shardID)
        update(shardID) { $0.phase = .requesting }
        let start: IteratorStart =
            switch cursor.read {
            case .after(let last): .after(last)
            case .start, .since, .ended: cursor.opensAtLatest ? .latest : .trimHorizon
            }
        actions.append(.getIterator(shardID: shardID, start: start))
    }

    mutating func readRecords(_ shardID: String) {
        guard let iterator = cursors[shardID]?.iterator else { return }
        beginCall(shardID)
        let moment = now.continuous
        update(shardID) {
            $0.phase = .reading
            $0.readStartedAt = moment
        }
        actions.append(.getRecords(shardID: shardID, iterator: iterator))
    }

    /// Until a first record is read, the service has no position that it could report as trimmed, so a shard that was not read for
    /// longer than the retention may have lost records without an error. Either clock may show that: a hypervisor that pauses this
    /// machine may stop the continuous clock, and the wall clock may be set. A needless rebuild loses nothing.
    private func isBeyondRetention(_ cursor: ShardCursor) -> Bool {
        let unreadSince: Duration?
        switch cursor.read {
        case .since: unreadSince = cursor.opensAtLatest ? nil : cursor.lastSuccess ?? cursor.readableSince
        case .start: unreadSince = cursor.lastSuccess ?? cursor.bornAfter
        case .after, .ended: unreadSince = nil
        }
        guard let unreadSince else { return false }
        let retention = settings.limits.retention
        if now.continuous - unreadSince > retention { return true }
        guard let wall = cursor.lastSuccessWallMilliseconds else { return false }
        return .milliseconds(now.wallMilliseconds - wall) > retention
    }

    mutating func received(iterator: String?, for shardID: String) {
        endCall(shardID, isRead: false)
        guard let cursor = cursors[shardID], cursor.phase == .requesting else { return }
        update(shardID) { $0.phase = .waiting }
        guard let iterator else {
            missingIterator(cursor)
            return
        }
        let skew = settings.limits.clockSkew.wholeMilliseconds
        update(shardID) {
            $0.iterator = iterator
            $0.missingIterators = 0
            guard case .since(let moment) = $0.read else { return }
            if $0.opensAtLatest {
                // From here on LATEST would mean a later place. What an unused iterator stood for is kept by `ignoreBefore`.
                $0.opensAtLatest = false
                $0.ignoreBefore = moment - skew
            } else {
                $0.opensReplay = true
            }
        }
        schedule(shardID, at: now.continuous)
    }

    private mutating func missingIterator(_ cursor: ShardCursor) {
        if let ending = cursor.endingSequenceNumber, case .after(let last) = cursor.read, last >= ending {
            finish(cursor.id)
            return
        }
        update(cursor.id) { $0.missingIterators += 1 }
        if cursor.missingIterators + 1 >= settings.limits.missingIterators {
            lose(cursor.id, .noIterator)
        } else {
            discovery.hurry(now.continuous + .seconds(1))
            retry(cursor.id, nil)
        }
    }

    mutating func iteratorFailed(_ shardID: String, _ error: DynamoDBError) {
        endCall(shardID, isRead: false)
        guard cursors[shardID]?.phase == .requesting else { return }
        update(shardID) { $0.phase = .waiting }
        failed(shardID, error)
    }

    mutating func received(_ page: RecordsPage, of shardID: String) {
        endCall(shardID, isRead: true)
        if cursors[shardID]?.phase == .reading, cursors[shardID]?.opensReplay == true { beginReplay(shardID) }
        guard let before = cursors[shardID], before.phase == .reading else { return }
        let records = unread(page.records, before)
        // A page without a new number is followed by the next one when an empty page is: some endpoints repeat it without end.
        let last = page.records.last
        var isNews = last != nil
        if case .after(let read) = before.read, let last { isNews = last.sequenceNumber > read }
        let present = now
        if isNews, let created = page.newestCreation {
            recordOffset = max(recordOffset, created - now.continuous.wholeMilliseconds)
        }
        // This machine's clock may be minutes behind the one that stamps records, which the newest of them tells.
        let byRecords = recordOffset == .min ? .min : now.continuous.wholeMilliseconds + recordOffset
        let recordMilliseconds = max(now.recordMilliseconds, byRecords)
        let listed = discovery.lastBegun
        let settings = settings
        let evidence = evidenceMoment?.continuous
        let patience = stalenessGrace
        update(shardID) { cursor in
            cursor.phase = .waiting
            cursor.iterator = page.nextIterator
            cursor.failures = 0
            cursor.refusedSince = nil
            cursor.expiries = 0
            cursor.falseTrims = 0
            cursor.lastError = nil
            // Empty pages from before an outage say nothing about what was written in it.
            if let last = cursor.lastSuccess, cursor.readStartedAt - last > patience {
                cursor.emptyPages = 0
                cursor.outageEnded = cursor.readStartedAt
            }
            // An answer shows the shard as it was no earlier than when it was asked for.
            cursor.lastSuccess = cursor.readStartedAt
            cursor.lastSuccessWallMilliseconds = present.wallMilliseconds
            cursor.isPinned = true
            if isNews, let last {
                // Also what was dropped as older than the bookmark has been read.
                cursor.read = .after(last.sequenceNumber)
                cursor.newestCreation = page.newestCreation
            }
            let complete = cursor.noteEmptiness(
                of: page,
                isNews: isNews,
                settings: settings,
                evidence: evidence,
                at: present,
                recordMilliseconds: recordMilliseconds,
                listed: listed
            )
            cursor.noteComplete(until: complete, isQueued: !records.isEmpty)
        }
        if cursors[shardID]?.outageEnded == before.readStartedAt { discovery.hurry(now.continuous) }
        if !records.isEmpty {
            guard queue(records, of: shardID) else { return }
        }
        if page.nextIterator == nil || endsAsOpenParent(shardID) {
            finish(shardID)
            return
        }
        proceed(shardID, wasEmpty: !isNews, isFull: page.records.count >= settings.recordLimit)
    }

    /// Drops what precedes the bookmark and what the service sends a second time.
    private func unread(_ records: [StreamRecord], _ cursor: ShardCursor) -> [StreamRecord] {
        var records = records
        if case .after(let last) = cursor.read, let first = records.first, first.sequenceNumber <= last {
            records.removeAll { $0.sequenceNumber <= last }
        }
        if let ignoreBefore = cursor.ignoreBefore, cursor.isReplaying {
            records.removeAll { record in record.approximateCreationMilliseconds.map { $0 < ignoreBefore } ?? false }
        }
        return records
    }

    /// Reads on: at once while behind, otherwise an interval after the last read began.
    private mutating func proceed(_ shardID: String, wasEmpty: Bool, isFull: Bool) {
        guard let cursor = cursors[shardID] else { return }
        let isAtHead = wasEmpty && cursor.emptyPages >= settings.limits.emptyPagesAtHead
        if cursor.isReplaying, isAtHead || isPastReplay(cursor) { releaseReplay(shardID) }
        if isAtHead {
            if pass != nil { update(shardID) { $0.isPassDone = true } }
        }
        let isBehind = !wasEmpty && (isFull || cursor.isBehind)
        schedule(shardID, at: isBehind ? now.continuous : cursor.readStartedAt + settings.pollInterval)
    }

    /// A shard that is written to all the time has no empty pages: its replay is over with a record that is newer than the
    /// replay's beginning by any clock.
    private func isPastReplay(_ cursor: ShardCursor) -> Bool {
        guard let created = cursor.newestCreation else { return false }
        return created > latestStamp(before: cursor.replayBegan)
    }

    /// A shard that has children gets no new records, and some listings never show it closed. It is ended by empty pages that
    /// were all asked for after its children were known.
    private func endsAsOpenParent(_ shardID: String) -> Bool {
        guard let cursor = cursors[shardID], cursor.isListedOpen, let since = cursor.heirsSince else { return false }
        return cursor.heirPages >= settings.limits.emptyPagesToEndParent
            && now.continuous - since >= settings.limits.openParentPatience
    }

    /// The shard has been read to its end: its children may be read, and the consumer is told after its last record.
    mutating func finish(_ shardID: String) {
        guard let cursor = cursors[shardID], !cursor.isReadToEnd else { return }
        let moment = now.continuous
        let wall = now.recordMilliseconds
        update(shardID) {
            $0.phase = .drained
            $0.iterator = nil
            $0.dueAt = nil
            $0.read = .ended
            $0.isPinned = true
            $0.endedAt = moment
            $0.endedAtMilliseconds = wall
            $0.isListedOpen = false
        }
        releaseReplay(shardID)
        outbox.append(.ended(shardID: shardID))
        for child in children[shardID] ?? [] { releaseIfReady(child, parentMayBeUnknown: true) }
        seekChildren(of: shardID)
    }

    mutating func recordsFailed(_ shardID: String, _ error: DynamoDBError) {
        endCall(shardID, isRead: true)
        guard cursors[shardID]?.phase == .reading else { return }
        update(shardID) { $0.phase = .waiting }
        failed(shardID, error)
    }

    private mutating func failed(_ shardID: String, _ error: DynamoDBError) {
        guard let cursor = cursors[shardID] else { return }
        switch error.kind {
        case .cancelled:
            schedule(shardID, at: now.continuous)
        case .expiredIterator:
            dropIterator(shardID)
            update(shardID) { $0.expiries += 1 }
            // An iterator that expires at once, again and again, is a fault of the endpoint or a stopped clock.
            if cursor.expiries > 0 { retry(shardID, error) } else { schedule(shardID, at: now.continuous) }
        case .trimmed:
            trimmed(cursor, error)
        case .notFound:
            dropIterator(shardID)
            update(shardID) { $0.isSuspect = true }
            discovery.hurry(now.continuous)
            retry(shardID, error)
        case .fatal:
            // A redirect, an answer that is too large or none at all says nothing about the iterator. The service's own refusal does,
            // when it lasts.
            if error.code == .validation { refused(shardID) }
            retry(shardID, error)
        case .throttled, .transient, .expiredCredentials, .accessDenied, .malformed:
            retry(shardID, error)
        }
    }

    private mutating func refused(_ shardID: String) {
        let moment = now.continuous
        update(shardID) { $0.refusedSince = $0.refusedSince ?? moment }
        guard let since = cursors[shardID]?.refusedSince, moment - since >= settings.limits.refusalPatience else {
            return
        }
        update(shardID) { $0.refusedSince = nil }
        dropIterator(shardID)
    }

    /// The iterator is gone; the next one is derived from the position. A shard opened at LATEST from which no record was read
    /// goes back to its oldest record: once a page has been read there, it replays.
    private mutating func dropIterator(_ shardID: String) {
        update(shardID) {
            $0.iterator = nil
            $0.opensReplay = false
            if case .since = $0.read { $0.emptyPages = 0 }
        }
    }

    /// Trimmed data is a gap, unless nothing of the shard can be that old: DynamoDB Local reports a trim right after the first
    /// write. Then the shard is read from its oldest record, which repeats and skips nothing.
    private mutating func trimmed(_ cursor: ShardCursor, _ error: DynamoDBError) {
        let youth: Duration?
        switch cursor.read {
        case .start: youth = cursor.bornAfter
        case .since: youth = cursor.lastSuccess ?? cursor.readableSince
        case .after, .ended: youth = nil
        }
        guard let youth, now.continuous - youth < settings.limits.retention, cursor.falseTrims < 3 else {
            lose(cursor.id, .trimmed)
            return
        }
        dropIterator(cursor.id)
        update(cursor.id) { $0.falseTrims += 1 }
        retry(cursor.id, error)
    }

    private mutating func retry(_ shardID: String, _ error: DynamoDBError?) {
        guard let cursor = cursors[shardID] else { return }
        if let error {
            update(shardID) { $0.lastError = error }
            actions.append(.trouble(shardID: shardID, error))
        }
        update(shardID) { $0.failures += 1 }
        if pass != nil, cursor.failures + 1 >= settings.limits.passAttempts {
            update(shardID) {
                $0.isPassDone = true
                $0.failures = 0
            }
            if let error { pass?.failures.append(PassFailure(shardID: shardID, error: error)) }
        }
        let wait = settings.limits.backoff.wait(failures: cursor.failures, fraction: random.fraction())
        schedule(shardID, at: now.continuous + wait)
    }
}
