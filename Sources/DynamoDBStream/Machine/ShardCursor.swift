import Basics
import DynamoDBClient
import TableModel

/// One shard on its way through being read. A value: `StreamMachine` is its only owner.
struct ShardCursor: Sendable {
    enum Phase: Sendable, Hashable {
        /// Waits for its parent. Next: waiting, lost.
        case blocked
        /// Has a time at which it is read next, or is held back by its undelivered pages. Next: requesting, reading.
        case waiting
        /// GetShardIterator is under way. Next: waiting, drained, lost.
        case requesting
        /// GetRecords is under way. Next: waiting, drained, lost.
        case reading
        /// Read to its end, not all taken yet; its children may be read. Next: ended.
        case drained
        /// Taken to its end, or never to be read because its records precede the bookmark. Final.
        case ended
        /// Records are lost. Next: waiting or ended, when the owner says to go on.
        case lost
    }

    let id: String
    var parentID: String?
    var isListedOpen: Bool
    var endingSequenceNumber: SequenceNumber?
    var phase: Phase
    /// False for a shard whose records precede the bookmark.
    var isRead = true

    /// What the consumer has taken: the durable position.
    var taken: ShardPosition
    /// What has been read; ahead of `taken` by the undelivered pages.
    var read: ShardPosition
    /// The first iterator is asked for at LATEST. Only ever true for shards of the first discovery, and only until the first
    /// iterator has been used.
    var opensAtLatest = false
    /// The bookmark holds: a first page has been read with the LATEST iterator, or none is needed.
    var isPinned = true
    /// Records created before this (milliseconds since 1970 UTC) precede the bookmark.
    var ignoreBefore: Int64?
    /// The iterator stands at the oldest record of a shard that was opened at LATEST: the first page read with it begins a replay.
    var opensReplay = false
    /// Reads again what precedes the bookmark, and has not reached the head yet.
    var isReplaying = false
    /// When the newest replay began.
    var replayBegan = StreamTime(continuous: .zero, wallMilliseconds: 0)
    /// The pages that a replay has read. The consumer gets them all when the replay reaches the head.
    var held: [[StreamRecord]] = []
    var heldBytes = 0

    var iterator: String?
    /// When it is read next; nil unless waiting and not held back.
    var dueAt: Duration?
    var queuedPages = 0
    /// The call that has not been answered yet.
    var call: ShardCall?
    /// Its last read had no response in time: it waits apart from the shards that respond.
    var isSilent = false
    var readStartedAt: Duration = .zero

    var failures = 0
    /// Since when the service refuses the iterator without calling it expired.
    var refusedSince: Duration?
    var expiries = 0
    var missingIterators = 0
    var lastError: DynamoDBError?
    /// The shard was reported not found; the next complete listing decides.
    var isSuspect = false
    /// Since when its parent is looked for.
    var parentMissingSince: Duration?
    var falseTrims = 0
    /// The complete listing before the one that first showed the shard: its records are not older.
    var bornAfter: Duration?
    var gap: StreamGap.Reason?

    var readableSince: Duration?
    var lastSuccess: Duration?
    /// The same moment by the wall clock, which also shows the time that a hypervisor paused this machine.
    var lastSuccessWallMilliseconds: Int64?
    var endedAt: Duration?
    /// The same in milliseconds since 1970 UTC: what outlives the process.
    var endedAtMilliseconds: Int64?
    var emptyPages = 0
    /// Pages in a row that were not empty and told nothing new.
    var repeatedPages = 0
    /// Since when it is known to have children, and the empty pages of the present run that were asked for since.
    var heirsSince: Duration?
    var heirPages = 0
    /// Of the present run, the empty pages asked for after the machine's evidence moment, and when the first one was.
    var provingPages = 0
    var provingSince: Duration = .zero
    var isBehind = true
    /// The moment up to which everything of the shard is known to have been taken; nil before anything is.
    var completeUntil: Duration?
    /// The same for each page that was read and is not taken yet, as of when it will be; nil where it proves nothing.
    var completeWhenTaken: [Duration?] = []
    /// When the first read after the newest outage was begun. Some endpoints never show a shard's end: it may have got children
    /// in the outage, so its empty pages prove nothing before a listing that was begun since.
    var outageEnded: Duration?
    var newestCreation: Int64?
    var isPassDone = false

    init(shard: Shard, phase: Phase, position: ShardPosition) {
        id = shard.id
        parentID = shard.parentID
        isListedOpen = shard.endingSequenceNumber == nil
        endingSequenceNumber = shard.endingSequenceNumber
        self.phase = phase
        taken = position
        read = position
    }

    /// Whether children may be read.
    var isReadToEnd: Bool { phase == .drained || phase == .ended }

    /// Whether its own calls can make it progress.
    var isActive: Bool { phase == .waiting || phase == .requesting || phase == .reading }

    /// Whether several empty pages in a row, asked for over at least `spread`, prove that it is at its head.
    func isAtHead(pages: Int, spread: Duration) -> Bool {
        guard phase == .waiting || phase == .reading, let last = lastSuccess else { return false }
        return provingPages >= pages && last - provingSince >= spread
    }

    /// How long ago the replica was last sure to have everything of this shard, in milliseconds, never negative; nil while it
    /// has nothing to do with lag. One answered call makes nobody sure: after an outage the first page may be empty with records
    /// behind it. Creation times are cut to whole seconds, so up to 999 ms are the record's own.
    func lagMilliseconds(at now: StreamTime, grace: Duration) -> Int64? {
        switch phase {
        case .blocked, .drained, .ended: return nil
        case .lost, .waiting, .requesting, .reading: break
        }
        guard let reference = completeUntil ?? readableSince else { return nil }
        let idle = now.continuous - reference
        let unread = idle > grace ? idle.wholeMilliseconds : 0
        guard isBehind, let created = newestCreation else { return max(0, unread) }
        return max(0, unread, now.recordMilliseconds - created - 999)
    }

    /// Counts empty pages, and judges from a page's age and size whether the shard is behind. Returns the moment up to which all of
    /// the shard is known to have been read; nil when the page does not tell.
    /// `isNews`: the page has a number that was not read before. `recordMilliseconds`: the present moment by the clock that stamps records, at least; `listed`: when the newest complete
    /// listing was begun.
    mutating func noteEmptiness(
        of page: RecordsPage,
        isNews: Bool,
        settings: StreamSettings,
        evidence: Duration?,
        at now: StreamTime,
        recordMilliseconds: Int64,
        listed: Duration?
    ) -> Duration? {
        guard isNews else {
            repeatedPages = page.records.isEmpty ? 0 : repeatedPages + 1
            if (1..<settings.limits.repeatedPagesAtHead).contains(repeatedPages) {
                // There may be more behind what was sent a second time.
                (emptyPages, provingPages, heirPages) = (0, 0, 0)
                return nil
            }
            emptyPages += 1
            isBehind = false
            // With children it is written to no more: empty pages then say nothing about its lineage.
            let isListed = outageEnded.map { ended in listed.map { $0 >= ended } ?? false } ?? true
            let isComplete =
                heirsSince == nil && isListedOpen && isListed && emptyPages >= settings.limits.emptyPagesAtHead
            if let heirsSince, readStartedAt >= heirsSince { heirPages += 1 }
            if let evidence, readStartedAt >= evidence {
                if provingPages == 0 { provingSince = readStartedAt }
                provingPages += 1
            }
            return isComplete ? readStartedAt : nil
        }
        (emptyPages, provingPages, heirPages, repeatedPages) = (0, 0, 0, 0)
        let isFull = page.records.count >= settings.recordLimit
        guard let created = page.newestCreation else {
            // Without a time the page is no evidence of how fresh it is; empty ones after it are.
            isBehind = isFull
            return nil
        }
        // A second for the resolution of creation times, one for the way.
        let age = recordMilliseconds - created
        isBehind = isFull || age > 2_000
        // Records come in order: what is older than this one has been read.
        return now.continuous - .milliseconds(max(0, age - 999))
    }

    /// A read counts once the consumer has taken all pages up to it. `isQueued` says that this page is one of them.
    mutating func noteComplete(until moment: Duration?, isQueued: Bool) {
        if isQueued {
            completeWhenTaken.append(moment)
        } else if let last = completeWhenTaken.indices.last {
            completeWhenTaken[last] = [completeWhenTaken[last], moment].compactMap(\.self).max()
        } else {
            settle(moment)
        }
    }

    /// The oldest page has been taken.
    mutating func pageTaken() {
        let moment = completeWhenTaken.isEmpty ? nil : completeWhenTaken.removeFirst()
        settle(moment)
    }

    private mutating func settle(_ moment: Duration?) {
        guard let moment else { return }
        completeUntil = max(completeUntil ?? moment, moment)
    }
}
