/// One life of a fleet, from one seed: replicas of one stream, and clients that go from one to another at random.
package struct FleetSimulation {
    private let table: FleetTable
    private let replicas: [FleetReplica]
    private let clients: [FleetClient]
    private var random: SimulationRandom
    private var story: [String] = []

    private init(seed: UInt64, mutation: FleetMutation?) {
        random = SimulationRandom(seed: seed &+ 0xF1EE7)
        let table = FleetTable(FleetTraits(&random, mutation))
        var random = random
        self.table = table
        let replicas = (0..<table.traits.replicas).map { FleetReplica($0, table, mutation, random: &random) }
        self.replicas = replicas
        clients = (0..<table.traits.clients).map { FleetClient($0, table, replicas, mutation, random: &random) }
        self.random = random
    }

    /// What was wrong in the life of a seed, and what happened in it.
    package static func live(seed: UInt64, mutation: FleetMutation? = nil) -> (
        violations: [String], counts: FleetCounts
    ) {
        var simulation = FleetSimulation(seed: seed, mutation: mutation)
        simulation.liveBusy()
        simulation.liveQuietly()
        var counts = FleetCounts()
        for client in simulation.clients { counts += client.counts }
        for replica in simulation.replicas { counts.repairs += replica.repairs }
        return (simulation.clients.flatMap(\.violations), counts)
    }

    /// Everything that clients saw in the life of a seed, a line each.
    package static func story(seed: UInt64, mutation: FleetMutation? = nil) -> [String] {
        var simulation = FleetSimulation(seed: seed, mutation: mutation)
        let lines = Lines()
        let table = simulation.table
        for client in simulation.clients {
            client.story = { lines.all.append("\(table.now - FleetTable.birth) \($0)") }
        }
        simulation.liveBusy()
        simulation.liveQuietly()
        return ["\(table.traits)"] + lines.all
            + table.writes.enumerated().map { number, write in
                "write \(number): k\(write.key) \(write.value ?? -1) at \(write.at - FleetTable.birth)"
            }
    }

    private final class Lines { var all: [String] = [] }

    private var isAccused: Bool { clients.contains { !$0.violations.isEmpty } }

    private mutating func liveBusy() {
        for _ in 0..<table.traits.steps where !isAccused {
            pass(random.within(1...table.traits.longestStep))
            for _ in 0..<random.below(table.traits.writes + 1) {
                table.write(random.below(table.traits.keys), random.chance(70) ? random.below(100) : nil)
            }
            for replica in replicas { replica.act(isQuiet: false) }
            for client in clients { client.act() }
        }
    }

    private mutating func pass(_ milliseconds: Int) { table.now += Int64(milliseconds) }

    /// No more writes and faults: every client goes to a last replica, which must make it equal to the table.
    private mutating func liveQuietly() {
        guard !isAccused else { return }
        // A client can hold what a replica had wrong: that replica tells it what it put right.
        let last = clients.map { _ in
            table.traits.losesRecords ? replicas[0] : replicas[random.below(replicas.count)]
        }
        for round in 0..<25 {
            pass(1_000)
            for replica in replicas { replica.act(isQuiet: true) }
            guard round >= 12 else { continue }
            for (client, replica) in zip(clients, last) {
                if round == 12 { client.settle(on: replica) }
                client.stayOn(replica)
            }
        }
        for client in clients where client.violations.isEmpty { client.finish() }
    }
}
