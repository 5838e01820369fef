import Basics
import DynamoDBClient
import TableModel

/// One shard on its way through being read: a value with one function for each transition. `Lineage` holds them all.
struct ShardCursor: Sendable {
    enum Phase: Sendable, Hashable {
        /// Waits for its parent, which no listing has shown since `parentMissingSince`. Next: waiting, lost.
        case blocked(parentMissingSince: Duration?)
        /// Is called next at `dueAt`; held back without it. Next: requesting, reading, drained, lost.
        case waiting(ShardIterator?, dueAt: Duration?)
        /// GetShardIterator is in progress. Next: waiting, drained, lost.
        case requesting
        /// GetRecords is in progress. Next: waiting, drained, lost.
        case reading(ShardIterator, startedAt: StreamTime)
        /// Read to its end, not all taken yet; its children may be read. Next: ended.
        case drained(ShardEnd)
        /// Taken to its end, or never to be read because its records precede the bookmark. Next: lost, for the latter.
        case ended(ShardEnd)
        /// Records are lost. Next: waiting or drained, when the owner resumes.
        case lost(StreamGap.Reason)
    }

    /// How the reading begins at the bookmark.
    enum Opening: Sendable, Hashable {
        /// The first iterator is asked for at LATEST. Only for shards of the first discovery.
        case atLatest
        /// That iterator was given, but no page was read with it yet: the bookmark does not hold, and LATEST would now mean a later
        /// place.
        case unproven
        /// The bookmark holds: a page was read with that iterator, or none is needed.
        case pinned
    }

    let id: String
    private(set) var parentID: String?
    private(set) var isListedOpen: Bool
    private(set) var endingSequenceNumber: SequenceNumber?
    /// False for a shard whose records precede the bookmark.
    private(set) var isRead = true
    /// The complete listing before the one that first showed the shard: its records are not older.
    let bornAfter: Duration?

    private(set) var phase = Phase.blocked(parentMissingSince: nil)
    private(set) var opening = Opening.pinned
    /// The records that the consumer has taken: the durable position.
    private(set) var taken = ShardPosition.start
    /// The records that were read; ahead of `taken` by the undelivered pages.
    private(set) var read = ShardPosition.start
    /// When the shard began to read again what precedes the bookmark; nil once it has reached the head.
    private(set) var replayBegan: StreamTime?
    /// The call that has had no response yet. It may outlive its phase.
    private(set) var call: ShardCall?
    /// Its last read had no response in time: it waits apart from the shards that respond.
    private(set) var isSilent = false
    /// The service did not find the shard; the next complete listing decides.
    private(set) var isSuspect = false
    var faults = ShardFaults()
    var evidence = ReadEvidence()

    /// A shard to be read from its oldest record.
    init(_ shard: Shard, bornAfter: Duration? = nil) {
        id = shard.id
        parentID = shard.parentID
        isListedOpen = shard.endingSequenceNumber == nil
        endingSequenceNumber = shard.endingSequenceNumber
        self.bornAfter = bornAfter
    }

    /// A shard of the first discovery, to be read from its newest end. `moment`: milliseconds since 1970 UTC.
    init(_ shard: Shard, atLatest moment: Int64) {
        self.init(shard)
        opening = .atLatest
        (taken, read) = (.since(moment), .since(moment))
    }

    /// A shard whose records precede the bookmark.
    init(skipping shard: Shard, at time: StreamTime) {
        self.init(shard)
        isRead = false
        phase = .ended(ShardEnd(time))
        (taken, read) = (.ended, .ended)
    }

    /// A shard of a saved state.
    init(_ entry: ShardState.Entry) {
        id = entry.shardID
        parentID = entry.parentID
        isListedOpen = true
        bornAfter = nil
        (taken, read) = (entry.position, entry.position)
        guard entry.position == .ended else { return }
        phase = .ended(ShardEnd(continuous: nil, wallMilliseconds: entry.endedAt))
    }

    // MARK: Listings

    /// A further listing shows the shard.
    mutating func noteListed(_ shard: Shard) {
        isListedOpen = shard.endingSequenceNumber == nil
        endingSequenceNumber = shard.endingSequenceNumber ?? endingSequenceNumber
        parentID = parentID ?? shard.parentID
    }

    /// A listing shows the first child of the shard; `before` is when the one before it began. False if children were known.
    mutating func noteChild(at moment: Duration, listedBefore before: Duration?) -> Bool {
        guard evidence.childrenSince == nil else { return false }
        evidence.haveChildren(since: moment)
        if isActive, isListedOpen, let before { evidence.doubtAll(after: before) }
        return true
    }

    /// No listing shows the parent. Returns since when.
    mutating func noteMissingParent(at moment: Duration) -> Duration? {
        guard case .blocked(let since) = phase else { return nil }
        if since == nil { phase = .blocked(parentMissingSince: moment) }
        return since
    }

    mutating func suspect() { isSuspect = true }

    mutating func clearSuspicion() { isSuspect = false }

    // MARK: Turns

    /// Nothing of the parent is missing: the shard may be read. Until `complete` nothing was written to it, and nothing
    /// that bears `stamp` or an earlier time.
    mutating func release(at moment: Duration, completeUntil complete: Duration?, stamp: Int64?) {
        phase = .waiting(nil, dueAt: nil)
        evidence.becomeReadable(at: moment, completeUntil: complete, stamp: stamp)
    }

    /// Sets when the shard is called next; nil holds it back.
    mutating func wait(until due: Duration?) {
        guard case .waiting(let iterator, _) = phase else { return }
        phase = .waiting(iterator, dueAt: due)
    }

    mutating func begin(_ call: ShardCall) {
        guard case .waiting(let iterator, _) = phase else { return }
        self.call = call
        phase = iterator.map { .reading($0, startedAt: call.startedAt) } ?? .requesting
    }

    /// The call in flight had a response, or has failed. Only a read with a response in time ends a shard's silence: some endpoints
    /// grant iterators of shards that they cannot read.
    mutating func endCall(isRead: Bool, isLate: Bool) {
        call = nil
        if isLate || isRead { isSilent = isLate }
    }

    /// The call in flight has had no response for too long; it continues in another lane, or is abandoned.
    mutating func becomeSilent(_ call: ShardCall) {
        self.call = call
        isSilent = true
    }

    /// The call in flight will have no response.
    mutating func abandonCall() {
        call = nil
        returnToWaiting()
    }

    /// The call in flight is over. An iterator, if there is one, is kept.
    mutating func returnToWaiting() {
        switch phase {
        case .requesting: phase = .waiting(nil, dueAt: nil)
        case .reading(let iterator, _): phase = .waiting(iterator, dueAt: nil)
        case .blocked, .waiting, .drained, .ended, .lost: break
        }
    }

    // MARK: Reading

    /// The place at which the next iterator is asked for.
    var iteratorStart: IteratorStart {
        switch read {
        case .after(let last): .after(last)
        case .start, .since, .ended: opening == .atLatest ? .latest : .trimHorizon
        }
    }

    mutating func receive(iterator token: String) {
        guard phase == .requesting else { return }
        faults.forgetMissingIterators()
        var opensReplay = false
        if case .since = read {
            if opening == .atLatest { opening = .unproven } else { opensReplay = true }
        }
        phase = .waiting(ShardIterator(token: token, opensReplay: opensReplay), dueAt: nil)
    }

    /// The iterator is gone; the next one is derived from the position. A shard opened at LATEST from which no record was read
    /// goes back to its oldest record: once a page has been read there, it replays.
    mutating func dropIterator() {
        if case .waiting(_, let due) = phase { phase = .waiting(nil, dueAt: due) }
        if case .since = read { evidence.forgetEmptyPages() }
    }

    mutating func beginReplay(at time: StreamTime) {
        replayBegan = time
        evidence.forgetEmptyPages()
    }

    mutating func endReplay() { replayBegan = nil }

    /// The records of a page without those that precede the bookmark, and those that the service sends a second time.
    func unread(_ records: [StreamRecord], clockSkew: Duration) -> [StreamRecord] {
        var records = records
        if case .after(let last) = read, let first = records.first, first.sequenceNumber <= last {
            records.removeAll { $0.sequenceNumber <= last }
        }
        if isReplaying, case .since(let bookmark) = taken {
            let ignoreBefore = bookmark - clockSkew.wholeMilliseconds
            records.removeAll { record in record.approximateCreationMilliseconds.map { $0 < ignoreBefore } ?? false }
        }
        return records
    }

    /// Whether a page has a number that was not read before. One without is followed by the next one when an empty page is: some
    /// endpoints repeat it without end.
    func isNews(_ page: RecordsPage) -> Bool {
        guard let last = page.records.last else { return false }
        if case .after(let read) = read { return last.sequenceNumber > read }
        return true
    }

    /// Takes a page. `isQueued`: some of its records are for the consumer.
    mutating func receive(_ page: RecordsPage, isNews: Bool, isQueued: Bool, _ context: PageContext) {
        phase = .waiting(page.nextIterator.map { ShardIterator(token: $0, opensReplay: false) }, dueAt: nil)
        faults = ShardFaults()
        opening = .pinned
        // Also the records that were dropped as older than the bookmark have been read.
        if isNews, let last = page.records.last { read = .after(last.sequenceNumber) }
        evidence.note(page, isNews: isNews, isQueued: isQueued, isListedOpen: isListedOpen, context)
    }

    /// The consumer has taken the records up to this one.
    mutating func take(upTo last: SequenceNumber) { taken = .after(last) }

    // MARK: Ends

    /// The shard has been read to its end.
    mutating func finish(at time: StreamTime) {
        phase = .drained(ShardEnd(time))
        read = .ended
        opening = .pinned
        isListedOpen = false
        isSuspect = false
    }

    /// The consumer has taken the shard to its end.
    mutating func takeEnd() {
        if case .drained(let end) = phase { phase = .ended(end) }
        taken = .ended
    }

    /// A restored shard says when it ended, if it says so at all, by the wall clock only.
    mutating func completeEnd(at time: StreamTime) {
        guard case .ended(let end) = phase, end.continuous == nil else { return }
        let wall = end.wallMilliseconds ?? time.recordMilliseconds
        phase = .ended(ShardEnd(continuous: time.continuous, wallMilliseconds: wall))
    }

    mutating func lose(_ reason: StreamGap.Reason) {
        phase = .lost(reason)
        opening = .pinned
        replayBegan = nil
        isSuspect = false
    }

    /// The owner accepts the loss. `isReread`: the records that are left are read from the oldest on.
    mutating func resume(at moment: Duration, isReread: Bool) {
        phase = .waiting(nil, dueAt: nil)
        faults.forgetMissingIterators()
        evidence.becomeReadable(at: moment)
        if isReread { read = .start }
    }
}
