/// The bound that a shard's call counts against, and so the queue in which the shard waits for its turn.
enum CallLane: CaseIterable, Sendable, Hashable {
    /// GetRecords of a shard whose last read was answered in time.
    case read
    /// GetShardIterator of such a shard.
    case iterator
    /// Either call of a shard that was silent last time, and every call that has had no response for `StreamLimits.silentAfter`.
    case silent
}

/// A call of one shard that has not been answered yet.
struct ShardCall: Sendable, Hashable {
    let number: UInt64
    let startedAt: Duration
    var lane: CallLane
}

/// The calls in flight over all shards: how many in which lane, and which of them become silent next.
struct ShardCalls: Sendable {
    struct Entry: Sendable {
        let number: UInt64
        let startedAt: Duration
        let shardID: String
    }

    private(set) var reads = 0
    private(set) var iterators = 0
    private(set) var silent = 0
    /// Calls outside the silent lane, oldest first; those that were answered meanwhile are still among them.
    private var begun: [Entry] = []
    private var head = 0
    private var counter: UInt64 = 0

    /// The oldest call that may still become silent, unless it has been answered.
    var oldest: Entry? { head < begun.count ? begun[head] : nil }

    mutating func begin(_ shardID: String, in lane: CallLane, at moment: Duration) -> ShardCall {
        counter += 1
        count(lane, 1)
        if lane != .silent { begun.append(Entry(number: counter, startedAt: moment, shardID: shardID)) }
        return ShardCall(number: counter, startedAt: moment, lane: lane)
    }

    mutating func end(_ call: ShardCall) { count(call.lane, -1) }

    /// The call gives its place in its lane to another shard.
    mutating func becomeSilent(_ call: inout ShardCall) {
        count(call.lane, -1)
        call.lane = .silent
        count(.silent, 1)
    }

    mutating func removeOldest() {
        head += 1
        // Now and then, so that both ends are cheap.
        guard head == begun.count || head >= 1_024 else { return }
        begun.removeFirst(head)
        head = 0
    }

    /// None of the calls will be answered.
    mutating func removeAll() {
        (reads, iterators, silent, head) = (0, 0, 0, 0)
        begun.removeAll()
    }

    private mutating func count(_ lane: CallLane, _ change: Int) {
        switch lane {
        case .read: reads += change
        case .iterator: iterators += change
        case .silent: silent += change
        }
    }
}

/// The shards that wait for their next call, by lane.
struct ShardDeadlines: Sendable {
    private var read = DeadlineQueue()
    private var iterator = DeadlineQueue()
    private var silent = DeadlineQueue()

    subscript(lane: CallLane) -> DeadlineQueue {
        get {
            switch lane {
            case .read: read
            case .iterator: iterator
            case .silent: silent
            }
        }
        _modify {
            switch lane {
            case .read: yield &read
            case .iterator: yield &iterator
            case .silent: yield &silent
            }
        }
    }

    mutating func removeAll() { self = ShardDeadlines() }
}
