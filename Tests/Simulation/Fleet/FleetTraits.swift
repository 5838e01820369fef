/// What a seed stands for: the table, the replicas and the clients of a fleet. Times in milliseconds.
struct FleetTraits {
    let keys: Int
    let shards: Int
    let replicas: Int
    private(set) var clients: Int
    /// The longest time by which the stream shows a record late; 0 where it never does.
    private(set) var lateness: Int
    private(set) var maximumTombstones: Int
    let historyBytes: Int
    /// Writes in a step, at most.
    private(set) var writes: Int
    /// Steps until the writes stop.
    private(set) var steps: Int
    /// The longest step.
    let longestStep: Int
    /// Whether the first replica loses records at times, and puts them right later.
    private(set) var losesRecords: Bool
    /// Whether items are read from the table, so that they may be newer than the records that name them.
    private(set) var readsItems: Bool

    /// Of a hundred steps of a replica, those in which it is started again.
    private(set) var restartPercent = 2
    /// Of a hundred clients, those that begin with a list.
    private(set) var walkPercent = 40

    /// Of a hundred reads of a replica that lost records, those after which it puts them right.
    private(set) var repairPercent = 15

    /// With a planted fault, a life in which it has a chance to show.
    init(_ random: inout SimulationRandom, _ mutation: FleetMutation?) {
        self.init(&random)
        switch mutation {
        case .horizonForgotten: (maximumTombstones, restartPercent) = (1, 12)
        case .mergedTakesLatestLow, .mergedForgetsHigh: (clients, walkPercent, readsItems) = (4, 100, false)
        case .firstRepairIgnored:
            (clients, losesRecords, writes, lateness, steps) = (4, true, 1, 0, 150)
            repairPercent = 3
        default: break
        }
    }

    private init(_ random: inout SimulationRandom) {
        keys = random.within(2...6)
        shards = random.within(1...3)
        replicas = random.within(2...4)
        clients = random.within(2...4)
        lateness = random.chance(50) ? 0 : random.chance(40) ? 900 : 7_000
        maximumTombstones = random.chance(40) ? random.within(1...3) : 1_000
        historyBytes = random.chance(30) ? 3_000 : 1 << 20
        writes = random.within(1...3)
        steps = random.within(40...90)
        longestStep = random.chance(50) ? 500 : 1_500
        losesRecords = random.chance(12)
        readsItems = random.chance(10)
    }

    /// `FeedLimits.resumeOverlap` in milliseconds.
    static let overlap: Int64 = 10_000
}
