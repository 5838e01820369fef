import Basics
import DynamoDBClient
import TableModel

/// The consumer of one stream as a pure state machine: inputs in, actions out, the time told. No I/O, no clock, no tasks.
///
/// It leads inputs through five values, each with its own state: `Discovery` lists the shards, `Lineage` knows them and their
/// parents, `ShardCalls` gives them turns, `DeliveryQueue` keeps their records for the consumer, `RecordClock` compares times.
///
/// The rules it keeps:
/// - LATEST is asked for only by open shards of the very first discovery that have no ancestor being read; every other shard is
///   read from its oldest record. The records read of one lineage are therefore always a contiguous run up to the newest one.
/// - A child is read only after its parent has been read to its end, and delivered after it.
/// - Positions are sequence numbers and advance when the consumer has taken the records.
/// - One shard's failure delays that shard (and its children) only; so does a replay from before the bookmark, which is held here
///   until it has reached the head. Shards that do not respond wait in a lane of their own, so they take no turn from the others.
/// - Records that cannot be read any more are a gap, said once; the shard then stands still until the owner decides.
package struct StreamMachine: Sendable {
    let settings: StreamSettings
    let start: StreamStart
    var discovery: Discovery
    var lineage: Lineage
    var calls: ShardCalls
    var delivery = DeliveryQueue()
    var clock = RecordClock()
    var random: SplitMix64
    /// The shards are known, and each one opened at LATEST has had a page with that iterator.
    private(set) var isBookmarked: Bool
    /// The moment that `hasCaughtUp` was last asked about; empty pages asked for since then are evidence.
    var evidenceMoment: StreamTime?
    /// The pass in progress.
    var pass: ReadPass?
    /// Shards are read by passes only, not continuously.
    private var followsPasses = false
    var now = StreamTime(continuous: .zero, wallMilliseconds: 0)
    var actions: [StreamAction] = []

    /// A machine that has seen nothing yet. `seed` drives the jitter.
    package init(start: StreamStart, settings: StreamSettings, seed: UInt64) {
        self.start = start
        self.settings = settings
        random = SplitMix64(seed: seed)
        discovery = Discovery(settings: settings)
        lineage = Lineage(start: start)
        calls = ShardCalls(limits: settings.limits)
        isBookmarked = lineage.isRestored
        if case .state(let state) = start {
            for entry in state.shards { release(entry.shardID, parentMayBeUnknown: true) }
        }
    }

    /// Takes one input and says what to do now.
    package mutating func handle(_ input: StreamInput, at time: StreamTime) -> [StreamAction] {
        now = time
        if !clock.isSet {
            let recent = now.recordMilliseconds - settings.limits.clockSkew.wholeMilliseconds
            if lineage.isRestored { lineage.resume(at: now.continuous, recent: recent) }
        }
        clock.note(time)
        switch input {
        case .tick: break
        case .beginPass: beginPass()
        case .listed(let page): listed(page)
        case .listingFailed(let error): listingFailed(error)
        case .childrenListed(let parent, let page): childrenListed(of: parent, page)
        case .childrenFailed(let parent, let error):
            discovery.failed(childrenOf: parent, error, at: now.continuous, random: &random)
        case .iterator(let shardID, let iterator): received(iterator: iterator, for: shardID)
        case .iteratorFailed(let shardID, let error): callFailed(shardID, error, isRead: false)
        case .records(let shardID, let page): received(page, of: shardID)
        case .recordsFailed(let shardID, let error): callFailed(shardID, error, isRead: true)
        case .delivered(let outcome): delivered(outcome)
        case .interrupted:
            interrupted()
            return []
        }
        pump()
        defer { actions.removeAll(keepingCapacity: true) }
        return actions
    }

    /// When to send a `tick`, if nothing else happens before; nil when only a response can change anything.
    package var nextWake: Duration? {
        let turn = calls.wake(after: now.continuous, queuedPages: delivery.queuedPages)
        guard !isIdleBetweenPasses, let listing = discovery.due else { return turn }
        return min(turn ?? listing, listing)
    }

    private var isIdleBetweenPasses: Bool { followsPasses && pass == nil }

    /// Starts whatever is due and allowed.
    private mutating func pump() {
        if !isIdleBetweenPasses, let call = discovery.nextCall(at: now.continuous) {
            switch call {
            case .children(let parentID): actions.append(.describeChildren(of: parentID))
            case .listing(let next): actions.append(.describe(exclusiveStart: next))
            }
        }
        startCalls()
        if let next = delivery.next() { actions.append(.deliver(next)) }
        if !isBookmarked, discovery.isComplete, lineage.isPinned {
            isBookmarked = true
            actions.append(.bookmarked)
        }
        endPassIfDone()
    }

    /// Sets when a waiting shard is called next; held back while too many of its pages wait for the consumer.
    mutating func schedule(_ shardID: String, at deadline: Duration) {
        guard let cursor = lineage[shardID], cursor.isWaiting else { return }
        let isHeldBack = delivery.queuedPages(of: shardID) >= settings.limits.pagesPerShard
        let isOutOfTurn = followsPasses && pass?.isFinished(shardID) ?? true
        guard !isHeldBack, !isOutOfTurn else {
            lineage.update(shardID) { $0.wait(until: nil) }
            return
        }
        lineage.update(shardID) { $0.wait(until: deadline) }
        calls.wait(shardID, until: deadline, in: cursor.lane)
    }

    // MARK: The consumer

    private mutating func delivered(_ outcome: DeliveryOutcome) {
        for part in delivery.settle(outcome) {
            switch part {
            case .ended(let shardID): lineage.update(shardID) { $0.takeEnd() }
            case .records(let shardID, let last, let isPage):
                if let last { lineage.update(shardID) { $0.take(upTo: last) } }
                if isPage { pageTaken(shardID) }
            }
        }
    }

    private mutating func pageTaken(_ shardID: String) {
        delivery.releasePage(of: shardID)
        lineage.update(shardID) { $0.evidence.pageTaken() }
        guard let cursor = lineage[shardID], cursor.isWaiting, cursor.dueAt == nil else { return }
        // It was held back by its own pages: it is behind by definition.
        schedule(shardID, at: now.continuous)
    }

    private mutating func interrupted() {
        calls.removeAll()
        delivery.abandon()
        discovery.abandonCall()
        for shardID in lineage.ids {
            lineage.update(shardID) { $0.abandonCall() }
            schedule(shardID, at: now.continuous)
        }
    }

    // MARK: Passes

    /// Lists the shards and reads each readable one to its head or end, once.
    private mutating func beginPass() {
        followsPasses = true
        pass = ReadPass()
        discovery.beginPass(at: now.continuous)
        for shardID in lineage.ids {
            lineage.update(shardID) {
                $0.faults.forgetCount()
                $0.evidence.forgetEmptyPages()
            }
            schedule(shardID, at: now.continuous)
        }
    }

    /// A pass is over when the shards are listed, no shard has anything left to read and the consumer has taken everything.
    private mutating func endPassIfDone() {
        guard let pass, pass.isListed, delivery.isEmpty, !discovery.seeksChildren, !discovery.isInFlight else { return }
        let isBusy = lineage.cursors.values.contains { cursor in
            switch cursor.phase {
            case .requesting, .reading: true
            case .waiting: !pass.isFinished(cursor.id)
            // Its parent is being looked for.
            case .blocked: !pass.listingFailed && cursor.parentID.map { lineage[$0] == nil } ?? false
            case .drained, .ended, .lost: false
            }
        }
        guard !isBusy else { return }
        self.pass = nil
        actions.append(.passEnded(pass.failures))
    }
}
