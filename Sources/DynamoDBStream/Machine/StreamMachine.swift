import Basics
import DynamoDBClient
import TableModel

/// The consumer of one stream as a pure state machine: inputs in, actions out, the time told. No I/O, no clock, no tasks.
///
/// The rules it keeps:
/// - LATEST is asked for only by open shards of the very first discovery that have no ancestor being read; every other shard is
///   read from its oldest record. What is read of one lineage is therefore always a contiguous run up to the newest record.
/// - A child is read only after its parent has been read to its end, and delivered after it.
/// - Positions are sequence numbers and advance when the consumer has taken the records.
/// - One shard's failure delays that shard (and its children) only; so does a replay from before the bookmark, which is held here
///   until it has reached the head. Shards that do not respond wait in a lane of their own, so they take no turn from the others.
/// - What cannot be read any more is a gap, said once; the shard then stands still until the owner decides.
package struct StreamMachine: Sendable {
    let settings: StreamSettings
    var cursors: [String: ShardCursor] = [:]
    var children: [String: [String]] = [:]
    /// Which shards are asked next.
    var deadlines = ShardDeadlines()
    /// Which shards have been asked.
    var calls = ShardCalls()
    var discovery = Discovery()
    var random: SplitMix64
    let start: StreamStart

    /// What the consumer has not been given or not taken yet, in order.
    var outbox: [DeliveryItem] = []
    /// How many items of the outbox are with the consumer.
    var itemsOut = 0
    /// Bytes that replays hold, over all shards.
    var heldBytes = 0
    var queuedPages = 0
    var isBookmarked = false
    /// The reading of this machine's wall clock at the continuous clock's zero, in milliseconds since 1970 UTC: the
    /// greatest so far, because the clock may be set back.
    var wallOffset = Int64.min
    /// What the clock that stamps records showed at that moment at least, by the records that have come.
    var recordOffset = Int64.min
    /// What `hasCaughtUp` was last asked about; empty pages asked for since then are evidence.
    var evidenceMoment: StreamTime?
    var pass: Pass?
    /// Shards are read by passes only, not continuously.
    var followsPasses = false
    var now = StreamTime(continuous: .zero, wallMilliseconds: 0)
    var actions: [StreamAction] = []

    struct Pass: Sendable {
        var isListed = false
        var failures: [PassFailure] = []
    }

    /// A machine that has seen nothing yet. `seed` drives the jitter.
    package init(start: StreamStart, settings: StreamSettings, seed: UInt64) {
        self.start = start
        self.settings = settings
        random = SplitMix64(seed: seed)
        if case .state(let state) = start { restore(state) }
    }

    /// Takes one input and says what to do now.
    package mutating func handle(_ input: StreamInput, at time: StreamTime) -> [StreamAction] {
        now = time
        if wallOffset == .min { resume() }
        wallOffset = max(wallOffset, time.wallMilliseconds - time.continuous.wholeMilliseconds)
        switch input {
        case .tick: break
        case .beginPass: beginPass()
        case .listed(let page): listed(page)
        case .listingFailed(let error): listingFailed(error)
        case .childrenListed(let parent, let page): childrenListed(of: parent, page)
        case .childrenFailed(let parent, let error): childrenFailed(of: parent, error)
        case .iterator(let shardID, let iterator): received(iterator: iterator, for: shardID)
        case .iteratorFailed(let shardID, let error): iteratorFailed(shardID, error)
        case .records(let shardID, let page): received(page, of: shardID)
        case .recordsFailed(let shardID, let error): recordsFailed(shardID, error)
        case .delivered(let outcome): delivered(outcome)
        case .interrupted:
            interrupted()
            return []
        }
        pump()
        defer { actions.removeAll(keepingCapacity: true) }
        return actions
    }

    /// When to send a `tick`, if nothing else happens before; nil when only an answer can change anything.
    package var nextWake: Duration? {
        var wake = discovery.due(spacing: settings.limits.describeSpacing)
        if isIdleBetweenPasses { wake = nil }
        for lane in CallLane.allCases where hasRoom(lane) {
            // A deadline that has passed waits for room, so for a response or for the silence of a call.
            guard let due = deadlines[lane].first?.at, due > now.continuous else { continue }
            wake = min(wake ?? due, due)
        }
        if let silence = nextSilence { wake = min(wake ?? silence, silence) }
        return wake
    }

    var isIdleBetweenPasses: Bool { followsPasses && pass == nil }

    /// Starts whatever is due and allowed.
    private mutating func pump() {
        if !isIdleBetweenPasses { pumpDiscovery() }
        pumpShards()
        pumpDelivery()
        announceBookmark()
        endPassIfDone()
    }

    /// The bookmark holds when the shards are known and each one opened at LATEST has answered once with that iterator.
    private mutating func announceBookmark() {
        guard !isBookmarked, discovery.isComplete, cursors.values.allSatisfy(\.isPinned) else { return }
        isBookmarked = true
        actions.append(.bookmarked)
    }

    /// Changes one cursor in place.
    mutating func update(_ shardID: String, _ body: (inout ShardCursor) -> Void) {
        guard let index = cursors.index(forKey: shardID) else { return }
        body(&cursors.values[index])
    }

    /// Sets when a waiting shard is read next; held back while too many of its pages wait for the consumer.
    mutating func schedule(_ shardID: String, at deadline: Duration) {
        guard let cursor = cursors[shardID], cursor.phase == .waiting else { return }
        let isHeldBack = cursor.queuedPages >= settings.limits.pagesPerShard
        let isOutOfTurn = followsPasses && (pass == nil || cursor.isPassDone)
        guard !isHeldBack, !isOutOfTurn else {
            update(shardID) { $0.dueAt = nil }
            return
        }
        update(shardID) { $0.dueAt = deadline }
        deadlines[lane(of: cursor)].push(shardID, at: deadline)
    }

    /// Stops a shard whose records are lost, and says so.
    mutating func lose(_ shardID: String, _ reason: StreamGap.Reason) {
        guard let cursor = cursors[shardID], cursor.phase != .lost else { return }
        update(shardID) {
            $0.phase = .lost
            $0.gap = reason
            $0.iterator = nil
            $0.dueAt = nil
            $0.isPinned = true
            $0.opensReplay = false
            $0.isReplaying = false
        }
        actions.append(.gap(StreamGap(reason: reason, shardID: shardID)))
    }

    /// Brings a restored state to the present at the first input: it is made before any clock is known.
    private mutating func resume() {
        guard isRestored else { return }
        let moment = now
        let recent = moment.recordMilliseconds - settings.limits.clockSkew.wholeMilliseconds
        for cursor in cursors.values {
            // Counted from the machine's start, a shard would be left alone for as long as the machine has been up.
            if cursor.readableSince != nil { update(cursor.id) { $0.readableSince = moment.continuous } }
            // The process may have died between the listing of a shard's first child and of the next one.
            guard cursor.heirsSince != nil, cursor.endedAtMilliseconds.map({ $0 >= recent }) ?? true else { continue }
            update(cursor.id) { $0.heirsSince = moment.continuous }
        }
    }

    private mutating func interrupted() {
        calls.removeAll()
        itemsOut = 0
        discovery.abandonCalls()
        deadlines.removeAll()
        for shardID in cursors.keys.sorted() {
            update(shardID) { cursor in
                cursor.call = nil
                if cursor.phase == .requesting || cursor.phase == .reading { cursor.phase = .waiting }
            }
            schedule(shardID, at: now.continuous)
        }
    }
}
