import Simulation

/// One life of a fleet, from one seed: replicas of one stream, and clients that go from one to another at random.
struct FleetSimulation {
    private let table: FleetTable
    private let replicas: [FleetReplica]
    private let followers: [FleetFollower]
    private var nodes: [any FleetNode] { replicas + followers }
    private let clients: [FleetClient]
    private var random: SimulationRandom
    private var story: [String] = []

    private init(seed: UInt64, mutation: FleetMutation?) {
        random = SimulationRandom(seed: seed &+ 0xF1EE7)
        let table = FleetTable(FleetTraits(&random, mutation, seed: seed))
        var random = random
        self.table = table
        let record = FleetRecord()
        let replicas = (0..<table.traits.replicas).map { FleetReplica($0, table, record, mutation, random: &random) }
        self.replicas = replicas
        var followers: [FleetFollower] = []
        for number in 0..<table.traits.followers {
            let nodes: [any FleetNode] = replicas + followers
            followers.append(FleetFollower(number, nodes, table, record, mutation, random: &random))
        }
        self.followers = followers
        let nodes: [any FleetNode] = replicas + followers
        clients = (0..<table.traits.clients).map { FleetClient($0, table, nodes, mutation, random: &random) }
        self.random = random
    }

    /// What was wrong in the life of a seed, and what happened in it.
    static func live(seed: UInt64, mutation: FleetMutation? = nil) -> (
        violations: [String], counts: FleetCounts
    ) {
        var simulation = FleetSimulation(seed: seed, mutation: mutation)
        simulation.liveBusy()
        simulation.liveQuietly()
        var counts = FleetCounts()
        for client in simulation.clients { counts += client.counts }
        for replica in simulation.replicas { counts.repairs += replica.repairs }
        for follower in simulation.followers { counts += follower.counts }
        return (simulation.followers.flatMap(\.violations) + simulation.clients.flatMap(\.violations), counts)
    }

    /// Everything that clients saw in the life of a seed, a line each.
    static func story(seed: UInt64, mutation: FleetMutation? = nil) -> [String] {
        var simulation = FleetSimulation(seed: seed, mutation: mutation)
        let lines = Lines()
        let table = simulation.table
        for client in simulation.clients {
            client.story = { lines.all.append("\(table.now - FleetTable.birth) \($0)") }
        }
        for follower in simulation.followers {
            follower.story = { lines.all.append("\(table.now - FleetTable.birth) \($0)") }
        }
        simulation.liveBusy()
        simulation.liveQuietly()
        return ["\(table.traits)"] + lines.all
            + table.writes.enumerated().map { number, write in
                "write \(number): k\(write.key) \(write.value ?? -1) at \(write.at - FleetTable.birth)"
            }
    }

    private final class Lines { var all: [String] = [] }

    private var isAccused: Bool {
        clients.contains { !$0.violations.isEmpty } || followers.contains { !$0.violations.isEmpty }
    }

    private mutating func liveBusy() {
        for _ in 0..<table.traits.steps where !isAccused {
            pass(random.within(1...table.traits.longestStep))
            for _ in 0..<random.below(table.traits.writes + 1) {
                table.write(random.below(table.traits.keys), random.chance(70) ? random.below(100) : nil)
            }
            for node in nodes { node.act(isQuiet: false) }
            for client in clients { client.act() }
        }
    }

    private mutating func pass(_ milliseconds: Int) { table.now += Int64(milliseconds) }

    /// No more writes and faults: every client goes to a last replica, which must make it equal to the table.
    private mutating func liveQuietly() {
        guard !isAccused else { return }
        // A client can hold what a replica had wrong: that replica tells it what it put right.
        let nodes = nodes
        let last = clients.map { client in
            if let home = client.home { return home }
            return table.traits.losesRecords ? replicas[0] : nodes[random.below(nodes.count)]
        }
        let rest = followers.isEmpty ? 12 : 20
        for round in 0..<rest + 13 {
            pass(1_000)
            for node in nodes { node.act(isQuiet: true) }
            guard round >= rest else { continue }
            for (client, node) in zip(clients, last) {
                if round == rest { client.settle(on: node) }
                client.stayOn(node)
            }
        }
        for follower in followers { follower.finish() }
        for client in clients where client.violations.isEmpty { client.finish() }
    }
}
