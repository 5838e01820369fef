import Basics
import DynamoDBClient
import TableModel

/// What the machine knows about listing the shards.
struct Discovery: Sendable {
    /// A listing under way, page by page. A failed page is asked for again; what was listed before it is kept.
    struct Listing: Sendable {
        var shards: [Shard] = []
        var ids: Set<String> = []
        var cursor: String?
        var cursors: Set<String> = []
        /// When its first page was asked for.
        let begun: Duration
    }

    /// An ended shard whose children are not known yet.
    struct ChildQuery: Sendable {
        let parentID: String
        var attempts = 0
        var dueAt: Duration
    }

    var listing: Listing?
    var isInFlight = false
    var lastCall: Duration?
    /// When the next full listing, or its next page, is due.
    var nextListing: Duration = .zero
    var childQueries: [ChildQuery] = []
    /// The endpoint does not know ShardFilter; full listings do its work.
    var filterIsUnsupported = false
    var failures = 0
    var lastError: DynamoDBError?
    /// A full listing has been completed.
    var isComplete = false
    var lastCompleted: Duration?
    /// When the newest complete listing was begun.
    var lastBegun: Duration?
    /// There are shards that only a full listing will show.
    var isIncomplete = false
    var status: StreamStatus?
    var streamIsLost = false

    /// When a call may and should be made; nil while one is under way.
    func due(spacing: Duration) -> Duration? {
        guard !isInFlight else { return nil }
        var due = nextListing
        for query in childQueries { due = min(due, query.dueAt) }
        return max(due, lastCall.map { $0 + spacing } ?? due)
    }

    mutating func abandonCalls() { isInFlight = false }

    /// A listing is wanted no later than `deadline`.
    mutating func hurry(_ deadline: Duration) {
        guard listing == nil || listing?.cursor == nil else { return }
        nextListing = min(nextListing, deadline)
    }
}

extension StreamMachine {
    mutating func pumpDiscovery() {
        guard let due = discovery.due(spacing: settings.limits.describeSpacing), due <= now.continuous else { return }
        discovery.isInFlight = true
        discovery.lastCall = now.continuous
        // Children first: a shard that has ended is the only place from which news can be missing right now.
        if let query = discovery.childQueries.first(where: { $0.dueAt <= now.continuous }) {
            actions.append(.describeChildren(of: query.parentID))
        } else {
            if discovery.listing == nil { discovery.listing = Discovery.Listing(begun: now.continuous) }
            actions.append(.describe(exclusiveStart: discovery.listing?.cursor))
        }
    }

    mutating func listed(_ page: StreamPage) {
        discovery.isInFlight = false
        guard var listing = discovery.listing else { return }
        discovery.failures = 0
        discovery.lastError = nil
        discovery.status = page.status
        discovery.streamIsLost = false
        for shard in page.shards where listing.ids.insert(shard.id).inserted { listing.shards.append(shard) }
        guard listing.shards.count <= settings.limits.shards else {
            discovery.listing = nil
            listingFailed(tooManyShards(page.streamARN))
            return
        }
        guard let next = page.lastEvaluatedShardID else {
            discovery.listing = nil
            complete(listing)
            return
        }
        guard listing.cursors.insert(next).inserted else {
            discovery.listing = nil
            listingFailed(
                DynamoDBError(
                    kind: .malformed,
                    operation: "DescribeStream",
                    subject: page.streamARN,
                    code: .repeatedCursor,
                    message: "LastEvaluatedShardId \(next) came twice, so the listing would never end",
                    hint: "The listing is begun again; if this stays, the endpoint does not page correctly."
                )
            )
            return
        }
        listing.cursor = next
        discovery.listing = listing
        discovery.nextListing = now.continuous
    }

    /// The bound that keeps an endpoint's answers from taking the memory of the process.
    func tooManyShards(_ streamARN: String) -> DynamoDBError {
        DynamoDBError(
            kind: .malformed,
            operation: "DescribeStream",
            subject: "stream \(streamARN)",
            code: "TooManyShards",
            message: "the stream has more than \(settings.limits.shards) shards, which is more than are kept in memory",
            hint: "Nothing is skipped: the listing is begun again. Check that the endpoint is DynamoDB Streams."
        )
    }

    mutating func listingFailed(_ error: DynamoDBError) {
        discovery.isInFlight = false
        guard error.kind != .cancelled else { return }
        discovery.lastError = error
        let wait = settings.limits.backoff.wait(failures: discovery.failures, fraction: random.fraction())
        discovery.failures += 1
        discovery.nextListing = now.continuous + wait
        if error.kind == .notFound {
            discovery.listing = nil
            if !discovery.streamIsLost {
                discovery.streamIsLost = true
                actions.append(.gap(StreamGap(reason: .streamNotFound, shardID: nil)))
            }
        } else {
            actions.append(.trouble(shardID: nil, error))
        }
        if pass != nil, discovery.failures >= settings.limits.passAttempts || error.kind == .notFound {
            discovery.failures = 0
            pass?.isListed = true
            pass?.failures.append(PassFailure(shardID: nil, error: error))
        }
    }

    /// A whole listing is there.
    private mutating func complete(_ listing: Discovery.Listing) {
        discovery.nextListing = now.continuous + settings.discoveryInterval
        let isStarting = listing.shards.isEmpty && discovery.status == .enabling
        guard !isStarting else {
            discovery.nextListing = now.continuous + .seconds(1)
            pass?.isListed = true
            return
        }
        if discovery.isComplete || isRestored {
            merge(listing.shards)
        } else {
            open(listing.shards)
        }
        let moment = now.continuous
        let wall = now.recordMilliseconds
        for cursor in cursors.values where cursor.phase == .ended && cursor.endedAt == nil {
            update(cursor.id) {
                $0.endedAt = moment
                $0.endedAtMilliseconds = $0.endedAtMilliseconds ?? wall
            }
        }
        judgeSuspects(listed: listing.ids)
        judgeMissingParents()
        forgetFinished(listed: listing.ids)
        discovery.isComplete = true
        discovery.isIncomplete = false
        discovery.lastCompleted = now.continuous
        discovery.lastBegun = listing.begun
        pass?.isListed = true
        // A shard that was read again after this listing had been begun waits for one that tells its children.
        if cursors.values.contains(where: { $0.outageEnded.map { $0 > listing.begun } ?? false }) {
            discovery.hurry(now.continuous)
        }
        // The first child of a shard was listed so shortly before that a sibling may be missing.
        for since in cursors.values.compactMap(\.heirsSince) {
            let due = since + settings.limits.siblingPatience
            if listing.begun < due { discovery.hurry(max(due, now.continuous)) }
        }
        // Somebody waits for a listing that this one was begun too early to be.
        if let moment = evidenceMoment?.continuous, listing.begun < moment { discovery.hurry(now.continuous) }
        // Children can be listed later than their parent ends: look again soon, for a while.
        if cursors.values.contains(where: { isYoungLeaf($0) }) {
            discovery.hurry(now.continuous + .seconds(2))
        }
    }

    var isRestored: Bool {
        if case .state = start { return true }
        return false
    }

    /// The very first discovery: decides, for each shard, whether and from where it is read.
    ///
    /// A closed shard was closed before now, so a scan that starts later sees all its writes: it is not read. An open shard is
    /// read from LATEST. But a shard below one that is being read is read from its oldest record, closed or not: with LATEST
    /// there would be a hole between what the parent delivers and what the child does.
    private mutating func open(_ shards: [Shard]) {
        let byID = Dictionary(shards.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        var isRead: [String: Bool] = [:]
        func decide(_ shard: Shard, _ depth: Int) -> Bool {
            if let known = isRead[shard.id] { return known }
            isRead[shard.id] = false
            let parent = shard.parentID.flatMap { byID[$0] }
            let parentIsRead = depth < shards.count ? parent.map { decide($0, depth + 1) } ?? false : false
            let read = start == .trimHorizon || parentIsRead || shard.endingSequenceNumber == nil
            isRead[shard.id] = read
            return read
        }
        for shard in shards { _ = decide(shard, 0) }
        var added: [Shard] = []
        for shard in shards {
            link(shard)
            guard isRead[shard.id] == true else {
                insertSkipped(shard)
                continue
            }
            added.append(shard)
            let parentIsRead = shard.parentID.map { isRead[$0] == true } ?? false
            var cursor = ShardCursor(shard: shard, phase: .blocked, position: .start)
            if start == .latest, !parentIsRead {
                cursor.opensAtLatest = true
                cursor.isPinned = false
                cursor.taken = .since(now.recordMilliseconds)
                cursor.read = cursor.taken
            }
            cursors[shard.id] = cursor
        }
        let moment = now.continuous
        for parentID in children.keys.sorted() { update(parentID) { $0.heirsSince = moment } }
        if !children.isEmpty { discovery.hurry(moment + settings.limits.siblingPatience) }
        announce(added)
        for shard in shards { releaseIfReady(shard.id, parentMayBeUnknown: true) }
        for shard in shards where isRead[shard.id] != true { seekChildren(of: shard.id) }
    }

    /// Every later listing: what is new is read from its oldest record, never from LATEST.
    mutating func merge(_ shards: [Shard]) {
        let fresh = shards.filter { cursors[$0.id] == nil }
        for shard in shards where cursors[shard.id] != nil {
            update(shard.id) {
                $0.isListedOpen = shard.endingSequenceNumber == nil
                $0.endingSequenceNumber = shard.endingSequenceNumber ?? $0.endingSequenceNumber
                $0.parentID = $0.parentID ?? shard.parentID
            }
            link(shard)
        }
        var added: [Shard] = []
        for shard in fresh {
            let readChild = (children[shard.id] ?? []).contains { cursors[$0].map { $0.phase != .blocked } ?? false }
            if readChild {
                // Listed after its child was begun. Below a shard that we read it holds records that are missing; otherwise it
                // closed before the bookmark.
                let parentWasRead = shard.parentID.flatMap { cursors[$0] }?.isRead ?? false
                insertSkipped(shard)
                if parentWasRead { lose(shard.id, .lateParent) }
            } else {
                added.append(shard)
                var cursor = ShardCursor(shard: shard, phase: .blocked, position: .start)
                cursor.bornAfter = discovery.lastBegun
                // Its children may have been listed before it.
                if children[shard.id] != nil { cursor.heirsSince = now.continuous }
                cursors[shard.id] = cursor
            }
        }
        for shard in fresh { link(shard) }
        announce(added)
        for shard in fresh { releaseIfReady(shard.id, parentMayBeUnknown: false) }
        // A parent that is over when it is first seen may be what its children wait for.
        for shard in fresh where cursors[shard.id]?.isReadToEnd == true {
            for child in children[shard.id] ?? [] { releaseIfReady(child, parentMayBeUnknown: false) }
        }
    }

    private mutating func announce(_ shards: [Shard]) {
        guard !shards.isEmpty else { return }
        outbox.append(.added(shards))
        for shard in shards {
            if let parentID = shard.parentID { discovery.childQueries.removeAll { $0.parentID == parentID } }
        }
    }

    private mutating func insertSkipped(_ shard: Shard) {
        var cursor = ShardCursor(shard: shard, phase: .ended, position: .ended)
        cursor.isRead = false
        cursor.endedAt = now.continuous
        cursor.endedAtMilliseconds = now.recordMilliseconds
        cursors[shard.id] = cursor
    }

    func isLinked(_ shard: Shard) -> Bool {
        shard.parentID.map { children[$0]?.contains(shard.id) ?? false } ?? true
    }

    private mutating func link(_ shard: Shard) {
        guard let parentID = shard.parentID else { return }
        if !isLinked(shard) { children[parentID, default: []].append(shard.id) }
        let moment = now.continuous
        let before = discovery.lastBegun
        var isFirst = false
        update(parentID) {
            guard $0.heirsSince == nil else { return }
            isFirst = true
            $0.heirsSince = moment
            // A parent that does not end was empty whatever was written to its children.
            guard $0.isActive, $0.isListedOpen, let before else { return }
            $0.completeUntil = $0.completeUntil.map { min($0, before) }
        }
        // A sibling may be listed a moment later.
        if isFirst { discovery.hurry(moment + settings.limits.siblingPatience) }
    }

    /// Lets a blocked shard be read once nothing of its parent is missing. A parent that was never listed counts as read at the
    /// first discovery (it was trimmed); later on it is looked for first.
    mutating func releaseIfReady(_ shardID: String, parentMayBeUnknown: Bool) {
        guard let cursor = cursors[shardID], cursor.phase == .blocked else { return }
        if let parentID = cursor.parentID, parentID != shardID {
            if let parent = cursors[parentID] {
                guard parent.isReadToEnd else { return }
            } else if !parentMayBeUnknown {
                discovery.hurry(now.continuous + .seconds(1))
                return
            }
        }
        let moment = now.continuous
        let complete = cursor.parentID.flatMap { cursors[$0]?.completeUntil }
        update(shardID) {
            $0.phase = .waiting
            $0.readableSince = moment
            // Until then nothing was written to it; what was since is not read yet.
            $0.completeUntil = complete
        }
        schedule(shardID, at: moment)
    }

    private mutating func judgeMissingParents() {
        for shardID in cursors.keys.sorted() {
            guard let cursor = cursors[shardID], cursor.phase == .blocked, let parentID = cursor.parentID,
                cursors[parentID] == nil
            else { continue }
            let moment = now.continuous
            guard let since = cursor.parentMissingSince else {
                update(shardID) { $0.parentMissingSince = moment }
                discovery.hurry(moment + .seconds(1))
                continue
            }
            if moment - since >= settings.limits.missingParentPatience {
                lose(shardID, .missingParent)
            } else {
                discovery.hurry(moment + .seconds(2))
            }
        }
    }

    private mutating func judgeSuspects(listed: Set<String>) {
        for shardID in cursors.keys.sorted() {
            guard let cursor = cursors[shardID], cursor.isSuspect else { continue }
            update(shardID) { $0.isSuspect = false }
            if !listed.contains(shardID) {
                lose(shardID, .vanished)
            } else if let ending = cursor.endingSequenceNumber, case .after(let last) = cursor.read, last >= ending {
                finish(shardID)
            }
        }
    }

    /// Ended shards are forgotten when they are no longer listed and long over, so that a flapping listing opens none again, and
    /// when nothing asks for them: no child waits for one, none's children are looked for. Their end is known by the wall clock
    /// too, since a process may never live as long as they are remembered.
    private mutating func forgetFinished(listed: Set<String>) {
        let memory = settings.limits.finishedShardMemory
        let gone = cursors.values.filter { cursor in
            guard cursor.phase == .ended, !listed.contains(cursor.id) else { return false }
            let isOver =
                cursor.endedAt.map { now.continuous - $0 > memory } ?? false
                || cursor.endedAtMilliseconds.map { .milliseconds(now.recordMilliseconds - $0) > memory } ?? false
            return isOver && !discovery.childQueries.contains { $0.parentID == cursor.id }
                && !(children[cursor.id] ?? []).contains { cursors[$0]?.phase == .blocked }
        }
        for cursor in gone {
            cursors[cursor.id] = nil
            children[cursor.id] = nil
            if let parentID = cursor.parentID {
                children[parentID]?.removeAll { $0 == cursor.id }
                if children[parentID]?.isEmpty == true { children[parentID] = nil }
            }
        }
    }
}
