import DynamoDBClient

/// What a seed stands for: the traits of a world, and what happens in it when.
struct Scenario {
    /// Something that happens to the table, its stream or the replica.
    enum Happening {
        case write(key: Int, isPut: Bool)
        case split(choice: Int, children: Int, listedAfter: Int, staysListedOpen: Bool)
        /// The replica's process stands still.
        case suspend(Int)
        /// The replica's wall clock is set.
        case skew(Int)
        case crash(keepsState: Bool)
        /// The consumer stops in the middle of the next delivery.
        case consumerFails
        case deny(Bool)
        /// One shard fails until it is mended.
        case breakShard(choice: Int, Breakage)
        case mendShard
        case disableStream
        case enableStream
    }

    /// How a shard fails that goes on failing.
    enum Breakage: Equatable {
        /// No answer for a long time, then none.
        case silence
        /// Every call.
        case error(DynamoDBError.Kind)
        /// Reads only: iterators are granted.
        case recordsError(DynamoDBError.Kind)
    }

    /// Empty pages in a row although there are records.
    static let longestEmptyRun = 2

    var keys = 4
    var roots = 1
    var recordLimit = 3
    var listingPage = 10
    var pollInterval = 1_000
    var discoveryInterval = 10_000
    var pagesInFlight = 4
    var silentCallsInFlight = 2
    var faultPercent = 0
    var emptyPercent = 0
    var repeatPercent = 0
    var expiryPercent = 0
    var missingIteratorPercent = 0
    var latestSlack = 0
    /// Puts whose item cannot be read.
    var unreadablePercent = 0
    var ignoresFilter = false
    var listsChildrenFirst = false
    /// The longest time that a call, or a page of the scan, takes.
    var callTime = 40
    var scanTime = 200
    var scanPage = 2
    var scanSegments = 1
    var writesBefore = 0
    /// In order of time.
    var agenda: [(at: Int, happening: Happening)] = []
    /// How many crashes leave the state directory to the next process.
    var crashesWithState: Int {
        agenda.count { if case .crash(keepsState: true) = $0.happening { true } else { false } }
    }
    /// When the last of it has happened.
    var busy = 10_000

    init(seed: UInt64) {
        var random = SimulationRandom(seed: seed)
        keys = random.within(2...6)
        roots = random.within(1...3)
        recordLimit = random.within(1...4)
        listingPage = random.chance(40) ? random.within(1...3) : 10
        pollInterval = random.chance(20) ? 250 : 1_000
        discoveryInterval = random.chance(50) ? 1_000 : 10_000
        pagesInFlight = random.within(1...5)
        faultPercent = random.chance(40) ? random.within(1...15) : 0
        emptyPercent = random.chance(50) ? random.within(5...60) : 0
        repeatPercent = random.chance(30) ? random.within(5...40) : 0
        expiryPercent = random.chance(25) ? random.within(1...15) : 0
        missingIteratorPercent = random.chance(10) ? random.within(1...20) : 0
        latestSlack = random.chance(50) ? random.below(1_000) : 0
        ignoresFilter = random.chance(25)
        listsChildrenFirst = random.chance(25)
        callTime = random.chance(20) ? 1_500 : 40
        scanTime = random.chance(50) ? 4_000 : 300
        scanPage = random.within(1...3)
        scanSegments = random.within(1...2)
        writesBefore = random.below(12)
        busy = random.within(4...16) * 1_000
        agenda = happenings(&random).sorted { $0.at < $1.at }
        // Choices of their own, so that the other lives stay what they are.
        var others = SimulationRandom(seed: seed &+ 0x5EED)
        if others.chance(12) { breakShard(&others) }
        if others.chance(15) { unreadablePercent = others.within(10...60) }
    }

    /// A life in which one shard fails for long, and little else: what the others bring must be seen meanwhile.
    private mutating func breakShard(_ random: inout SimulationRandom) {
        roots = random.within(2...3)
        keys = max(keys, roots)
        faultPercent = min(faultPercent, 3)
        expiryPercent = min(expiryPercent, 3)
        missingIteratorPercent = 0
        agenda.removeAll { entry in
            switch entry.happening {
            case .write, .split, .skew: false
            default: true
            }
        }
        let kinds: [DynamoDBError.Kind] = [
            .fatal, .notFound, .expiredIterator, .accessDenied, .transient, .malformed, .throttled,
        ]
        let kind = kinds[random.below(kinds.count)]
        let choices: [Breakage] = [.silence, .error(kind), .recordsError(kind), .recordsError(kind)]
        let start = random.within(8_000...30_000)
        let end = start + random.within(50_000...110_000)
        agenda.append((start, .breakShard(choice: random.below(3), choices[random.below(choices.count)])))
        agenda.append((end, .mendShard))
        for _ in 0..<random.within(4...20) {
            let at = random.within(start...end)
            agenda.append((at, .write(key: random.below(keys), isPut: !random.chance(20))))
        }
        // Some shards have delivered nothing when they begin to fail.
        if random.chance(50) {
            agenda.removeAll { if case .write = $0.happening { $0.at < start } else { false } }
        }
        agenda.sort { $0.at < $1.at }
        silentCallsInFlight = random.within(2...4)
    }

    private func happenings(_ random: inout SimulationRandom) -> [(at: Int, happening: Happening)] {
        var all: [(at: Int, happening: Happening)] = []
        // Some writers hurry through the bootstrap, some keep a shard busy all the time.
        var writes = random.within(5...30)
        if random.chance(15) { writes = random.within(40...70) }
        if random.chance(20) { writes = random.below(4) }
        for _ in 0..<writes {
            all.append((random.below(busy), .write(key: random.below(keys), isPut: !random.chance(25))))
        }
        let hidesChildren = random.chance(40)
        let isDenied = random.chance(7)
        for _ in 0..<(random.chance(70) ? random.within(1...4) : 0) {
            // A shard that never shows its end is an emulator's habit; one whose children are hidden as well could be told from
            // an idle one by nobody.
            let looksOpen = random.chance(10)
            let split = Happening.split(
                choice: random.below(8),
                children: random.chance(50) ? 1 : 2,
                listedAfter: hidesChildren && random.chance(70) && !looksOpen ? random.below(6_000) : 0,
                staysListedOpen: looksOpen
            )
            all.append((random.below(busy), split))
        }
        if random.chance(15) {
            let pauses = [20_000, 16 * 60_000, 16 * 60_000, 23 * 3_600_000, 25 * 3_600_000]
            all.append((random.below(busy), .suspend(pauses[random.below(pauses.count)])))
        }
        if random.chance(10) { all.append((random.below(busy), .skew(random.within(-300_000...300_000)))) }
        for _ in 0..<(random.chance(20) ? random.within(1...2) : 0) {
            // A state is first saved when the replica has been live for a while.
            let moment = random.below(busy) * 2
            all.append((moment, .crash(keepsState: random.chance(65))))
            // What is written shortly before is what a state can lack.
            for _ in 0..<random.below(7) {
                let at = max(0, moment - random.below(4_000))
                all.append((at, .write(key: random.below(keys), isPut: !random.chance(30))))
            }
        }
        for _ in 0..<(random.chance(20) ? 2 : 0) { all.append((random.below(busy), .consumerFails)) }
        if isDenied {
            let start = random.below(busy)
            all.append((start, .deny(true)))
            all.append((start + random.within(500...20_000), .deny(false)))
        }
        if random.chance(6) {
            let start = random.below(busy)
            all.append((start, .disableStream))
            all.append((start + random.within(0...8_000), .enableStream))
        }
        return all
    }
}
