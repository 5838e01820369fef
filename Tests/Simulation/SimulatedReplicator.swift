import Basics
import DynamoDBClient
import DynamoDBStream
import ReplicaStore
import Replication
import StateStore
import TableModel

/// The replicator's wiring in virtual time and one thread: bookmark, settle, scan, catch up, publish, follow, rebuild. It holds
/// no rule of its own; those are the machines' and the store's.
struct SimulatedReplicator {
    /// An answer on its way.
    enum Errand {
        /// A call that the world answers on arrival, or has answered when it was made.
        case call(StreamAction)
        case answer(StreamInput)
        case scanPage(segment: Int, rows: ScanPage?)
        /// The positions have been taken; the snapshot comes next, and then the file.
        case snapshotState(StateMark)
        case writeState(StateMark, StoreSnapshot)

        var isOfStream: Bool {
            switch self {
            case .call, .answer: true
            case .scanPage, .snapshotState, .writeState: false
            }
        }

        /// How the errand ends when the machine abandons the shard's call; nil when it is no call of that shard.
        func cancelled(_ shardID: String) -> StreamInput? {
            let error = SimulatedWorld.error(.cancelled, "")
            switch self {
            case .call(.getIterator(shardID: shardID, _)), .answer(.iterator(shardID: shardID, _)),
                .answer(.iteratorFailed(shardID: shardID, _)):
                return .iteratorFailed(shardID: shardID, error)
            case .call(.getRecords(shardID: shardID, _)), .answer(.records(shardID: shardID, _)),
                .answer(.recordsFailed(shardID: shardID, _)):
                return .recordsFailed(shardID: shardID, error)
            default: return nil
            }
        }
    }

    struct Segment {
        let keys: [Int]
        var next = 0
        var failures = 0
    }

    /// One life of the contents.
    struct Life {
        let stream: Int
        let writer: GenerationWriter
        var segments: [Segment] = []
        var scanBegan = false
        var scanEnd: StreamTime?
        var isLive = false
        /// Shards that the machine has announced, and ended.
        var added: Set<String> = []
        var ended: Set<String> = []
        /// A resumed life that has not caught up by then may have lost records without a word.
        var expiresAt: Int64?
    }

    static let maximumLag: Duration = .seconds(10)
    static let watchInterval = 1_000
    static let tableCheckInterval = 20_000
    static let settle = 1_500
    static let saveInterval = 1_000
    /// How late a write in a shard that is well may be seen while another one is not: the world's small faults, late listings and
    /// small buffers included.
    static let healthyPatience = 30_000

    let world: SimulatedWorld
    let scenario: Scenario
    var saboteur: Saboteur
    var witness: Witness
    var machine: StreamMachine
    var readiness = Readiness()
    var life: Life
    /// The state directory, while a crash is to come that keeps it.
    var state: SimulatedState?
    var saveDue: Int?
    /// A state that is shown, and when AWS is back to describe the table.
    var away: (until: Int, restored: RestoredState, stream: Int)?
    var rebuilds = 0
    /// What runs, with the moment at which it is due.
    var errands: [(at: Int, order: Int, errand: Errand)] = []
    var scanDue: Int?
    var rebuildDue: Int?
    var watchDue = 0
    var tableCheckDue = 0
    var consumerFails = false
    /// Whether the service's answers have a Date.
    let tellsTime: Bool
    /// Whether this process has had an answer.
    var hasHeard = false
    /// The reading of the machine's continuous clock when the world began, in milliseconds.
    var uptime: Int
    private var order = 0
    var seed: UInt64

    init(world: SimulatedWorld, seed: UInt64, mutation: Mutation?, tellsTime: Bool) {
        self.world = world
        self.tellsTime = tellsTime
        self.seed = seed
        uptime = Self.uptime(seed)
        scenario = world.scenario
        saboteur = Saboteur(mutation)
        witness = Witness(keys: scenario.keys)
        machine = StreamMachine(start: .latest, settings: Self.settings(scenario), seed: seed)
        life = Life(stream: 0, writer: Self.writer())
        if world.scenario.crashesWithState > 0 { state = SimulatedState(transaction: 1 + Int(seed % 4)) }
        begin()
    }

    private static func writer() -> GenerationWriter {
        GenerationWriter(epoch: .random(), keySchema: SimulatedWorld.schema, limits: StoreLimits())
    }

    static func settings(_ scenario: Scenario) -> StreamSettings {
        var settings = StreamSettings()
        settings.pollInterval = .milliseconds(scenario.pollInterval)
        settings.discoveryInterval = .milliseconds(scenario.discoveryInterval)
        settings.recordLimit = scenario.recordLimit
        settings.limits.pagesInFlight = scenario.pagesInFlight
        settings.limits.silentCallsInFlight = scenario.silentCallsInFlight
        // The world gives fewer empty pages in a row than DynamoDB, which makes lives shorter.
        settings.limits.emptyPagesAtHead = Scenario.longestEmptyRun + 1
        settings.limits.emptyPagesToEndParent = Scenario.longestEmptyRun + 2
        settings.limits.backoff.cap = .seconds(2)
        return settings
    }

    /// A machine that has just been started, one that has been up for more than the retention, and one for more than a year.
    static func uptime(_ seed: UInt64) -> Int { [0, 25 * 3_600_000, 400 * 24 * 3_600_000][Int(seed % 3)] }

    /// The world's time of a moment of this machine's continuous clock, to the millisecond that follows.
    func worldTime(_ moment: Duration) -> Int {
        let (seconds, attoseconds) = moment.components
        return Int(seconds) * 1_000 + Int((attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000) - uptime
    }

    var time: StreamTime {
        let table = SimulatedWorld.birth + Int64(world.now)
        return StreamTime(
            continuous: .milliseconds(uptime + world.now),
            wallMilliseconds: table + Int64(world.skew),
            service: tellsTime && hasHeard ? ServiceTime(earliest: table - 1_000, latest: table + 1_000) : nil
        )
    }

    // MARK: Lives

    /// A new life, as `Replicator.follow` begins one; without a stream the table is described again later.
    mutating func begin() {
        errands.removeAll()
        scanDue = nil
        rebuildDue = nil
        tableCheckDue = world.now + Self.tableCheckInterval
        guard let stream = world.stream else {
            rebuildDue = world.now + 5_000
            return
        }
        seed &+= 1
        life = Life(stream: stream, writer: Self.writer())
        machine = StreamMachine(start: .latest, settings: Self.settings(scenario), seed: seed)
        if readiness.state == .starting { readiness.beginGeneration("first") }
        if saboteur.mutation == .bookmarkAfterScan {
            startScan()
        } else {
            send(.tick)
        }
    }

    /// Ends the life, as a gap or a new stream does.
    mutating func rebuild(_ reason: String) {
        guard rebuildDue == nil else { return }
        readiness.beginGeneration(reason)
        state?.abandon(reason)
        saveDue = nil
        errands.removeAll()
        scanDue = nil
        rebuildDue = world.now + (rebuilds == 0 ? 0 : 1_000 << min(rebuilds, 4))
        rebuilds += 1
    }

    // MARK: The machine

    mutating func send(_ input: StreamInput) {
        switch input {
        case .tick, .delivered, .interrupted: break
        default: hasHeard = true
        }
        if case .tick = input {} else { world.tell("machine hears \(Story.words(input))") }
        for action in machine.handle(saboteur.edit(input), at: time) {
            world.tell("machine wants \(Story.words(action))")
            switch action {
            case .deliver(let delivery): take(delivery)
            case .bookmarked: if saboteur.mutation != .bookmarkAfterScan { scanDue = world.now + Self.settle }
            case .gap(let gap): meet(gap)
            case .trouble, .passEnded: break
            case .abandon(let shardID): abandon(shardID)
            case .describe, .describeChildren, .getIterator, .getRecords:
                call(saboteur.edit(action))
            }
            // What else the ended life wanted is nobody's any more.
            if rebuildDue != nil { return }
        }
    }

    /// A rebuild loses nothing, but one without a cause costs a scan at every start.
    private mutating func meet(_ gap: StreamGap) {
        let longest = 22 * 3_600_000
        if gap.reason == .stalled, world.now < longest { witness.accuse("stalled within \(world.now) ms: \(gap)") }
        rebuild(gap.description)
    }

    /// Half of the calls see the world as it is when they leave, half as it is when they arrive.
    private mutating func call(_ action: StreamAction) {
        let slow = world.random.chance(10) ? scenario.callTime : 40
        if let stall = world.stall(of: action) {
            post(.call(action), after: stall)
            return
        }
        let wait = 1 + world.random.below(slow)
        if world.random.chance(50), let input = world.answer(action, stream: life.stream) {
            post(.answer(input), after: wait)
        } else {
            post(.call(action), after: wait)
        }
    }

    /// Ends the shard's call that is in flight.
    private mutating func abandon(_ shardID: String) {
        for (place, entry) in errands.enumerated() {
            guard let input = entry.errand.cancelled(shardID) else { continue }
            errands.remove(at: place)
            post(.answer(input), after: 1)
            return
        }
    }

    mutating func post(_ errand: Errand, after wait: Int) {
        order += 1
        errands.append((world.now + wait, order, errand))
    }

    mutating func run(_ errand: Errand) {
        switch errand {
        case .answer(let input): send(input)
        case .call(let action): if let input = world.answer(action, stream: life.stream) { send(input) }
        case .scanPage(let segment, let rows): scanned(segment, rows)
        case .snapshotState(let mark): snapshotState(mark)
        case .writeState(let mark, let snapshot): writeState(mark, snapshot)
        }
    }

    private mutating func take(_ delivery: StreamDelivery) {
        let outcome = apply(delivery)
        guard case .stopped = outcome else {
            post(.answer(.delivered(outcome)), after: 1)
            return
        }
        // The consumer threw: its run is over, and the next one goes on from what was taken.
        errands.removeAll { $0.errand.isOfStream }
        for action in machine.handle(.delivered(saboteur.edit(outcome)), at: time) {
            switch action {
            case .bookmarked: scanDue = world.now + Self.settle
            case .gap(let gap): meet(gap)
            default: break
            }
        }
        guard rebuildDue == nil else { return }
        _ = machine.handle(.interrupted, at: time)
        post(.answer(.tick), after: 1)
    }
}
