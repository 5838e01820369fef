/// The calls of all shards: which are made next, which are in flight, and which of those become silent next.
struct ShardCalls: Sendable {
    struct Entry: Sendable {
        let number: UInt64
        let startedAt: Duration
        let shardID: String
    }

    private let limits: StreamLimits
    private var deadlines = ShardDeadlines()
    private(set) var reads = 0
    private(set) var iterators = 0
    private(set) var silent = 0
    /// Calls outside the silent lane, oldest first; those with a response meanwhile are still among them.
    private var begun: [Entry] = []
    private var head = 0
    private var counter: UInt64 = 0

    init(limits: StreamLimits) { self.limits = limits }

    // MARK: Waiting

    /// The shard whose turn is next in a lane.
    func next(_ lane: CallLane) -> DeadlineQueue.Entry? { deadlines[lane].first }

    mutating func removeNext(_ lane: CallLane) { deadlines[lane].removeFirst() }

    mutating func wait(_ shardID: String, until deadline: Duration, in lane: CallLane) {
        deadlines[lane].push(shardID, at: deadline)
    }

    /// Whether one more call may be made in a lane. The lanes share no bound but that of the pages in memory, so shards that do not
    /// respond take no turn from those that do.
    func hasRoom(_ lane: CallLane, queuedPages: Int) -> Bool {
        switch lane {
        case .read: return reads + queuedPages < limits.pagesInFlight
        case .iterator: return iterators < limits.iteratorCallsInFlight
        case .silent:
            // If many silent calls respond at once, the pages in memory may exceed their bound. New calls then wait until they do not.
            return silent < limits.silentCallsInFlight && queuedPages < limits.pagesInFlight
                && reads + silent + queuedPages < limits.pagesInFlight + limits.silentCallsInFlight
        }
    }

    /// The next moment at which a shard is due, or at which a lane may get room without a response.
    func wake(after now: Duration, queuedPages: Int) -> Duration? {
        var wake: Duration?
        var isWaitedFor = false
        for lane in CallLane.allCases {
            guard hasRoom(lane, queuedPages: queuedPages) else {
                if lane != .silent, deadlines[lane].first != nil { isWaitedFor = true }
                continue
            }
            // A deadline that has passed waits for room, so for a response or for the silence of a call.
            guard let due = deadlines[lane].first?.at, due > now else { continue }
            wake = min(wake ?? due, due)
        }
        guard isWaitedFor, let oldest else { return wake }
        let silence = oldest.startedAt + limits.silentAfter
        return min(wake ?? silence, silence)
    }

    // MARK: In flight

    mutating func begin(_ shardID: String, in lane: CallLane, at moment: StreamTime) -> ShardCall {
        counter += 1
        count(lane, 1)
        if lane != .silent { begun.append(Entry(number: counter, startedAt: moment.continuous, shardID: shardID)) }
        return ShardCall(number: counter, startedAt: moment, lane: lane)
    }

    mutating func end(_ call: ShardCall) { count(call.lane, -1) }

    /// Whether a call has had no response for so long that it counts as silent.
    func isSilent(since startedAt: Duration, at now: Duration) -> Bool { now - startedAt >= limits.silentAfter }

    /// The oldest call that has become silent by now, unless it had a response since. Each is given once.
    mutating func nextSilent(at now: Duration) -> Entry? {
        guard let oldest, isSilent(since: oldest.startedAt, at: now) else { return nil }
        head += 1
        // Now and then, so that both ends are cheap.
        if head == begun.count || head >= 1_024 {
            begun.removeFirst(head)
            head = 0
        }
        return oldest
    }

    /// The call gives its place in its lane to another shard. False where the silent lane has no room for it.
    mutating func becomeSilent(_ call: inout ShardCall) -> Bool {
        guard silent < limits.silentCallsInFlight else { return false }
        count(call.lane, -1)
        call.lane = .silent
        count(.silent, 1)
        return true
    }

    /// No call will have a response, and no shard waits for its turn.
    mutating func removeAll() {
        (reads, iterators, silent, head) = (0, 0, 0, 0)
        begun.removeAll()
        deadlines = ShardDeadlines()
    }

    /// The oldest call that may still become silent.
    private var oldest: Entry? { head < begun.count ? begun[head] : nil }

    private mutating func count(_ lane: CallLane, _ change: Int) {
        switch lane {
        case .read: reads += change
        case .iterator: iterators += change
        case .silent: silent += change
        }
    }
}
