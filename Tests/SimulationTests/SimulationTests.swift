import Synchronization
import Simulation
import Testing

#if canImport(Glibc)
    import Glibc
#endif

/// Runs whole lives of a table and its replica. `TABLECAST_SIMULATION_SEED=N` replays one seed; `TABLECAST_SIMULATION_SEEDS=N`
/// runs so many, 0 without end; `TABLECAST_SIMULATION_FIRST=N` begins elsewhere.
@Suite struct SimulationTests {
    private static func number(_ name: String) -> UInt64? { getenv(name).flatMap { UInt64(String(cString: $0)) } }

    /// What replays a seed.
    static func command(_ seed: UInt64) -> String {
        "TABLECAST_SIMULATION_SEED=\(seed) swift test --filter SimulationTests.manyLives"
    }

    /// Runs seeds on two threads until they are done or three have failed.
    private static func run(_ seeds: ClosedRange<UInt64>) async -> (lives: UInt64, failures: [(UInt64, [String])]) {
        let next = Atomic<UInt64>(seeds.lowerBound)
        let failures = Mutex<[(UInt64, [String])]>([])
        await withDiscardingTaskGroup { group in
            for _ in 0..<2 {
                group.addTask { @concurrent in
                    while failures.withLock({ $0.count }) < 3 {
                        let seed = next.wrappingAdd(1, ordering: .relaxed).oldValue
                        guard seed <= seeds.upperBound else { return }
                        let violations = Simulation.violations(seed: seed)
                        if !violations.isEmpty { failures.withLock { $0.append((seed, violations)) } }
                    }
                }
            }
        }
        let lives = min(next.load(ordering: .relaxed), seeds.upperBound) - seeds.lowerBound
        return (lives, failures.withLock { $0.sorted { $0.0 < $1.0 } })
    }

    @Test(
        "no life of a table leads its replica astray: nothing is lost, goes back, comes twice or is claimed too early"
    )
    func manyLives() async {
        let first = Self.number("TABLECAST_SIMULATION_FIRST") ?? 1
        let count = Self.number("TABLECAST_SIMULATION_SEEDS") ?? 20_000
        var seeds = first...(count == 0 ? UInt64.max - 1 : first + count - 1)
        if let seed = Self.number("TABLECAST_SIMULATION_SEED") { seeds = seed...seed }
        let (_, failures) = await Self.run(seeds)
        for (seed, violations) in failures {
            Issue.record("seed \(seed): \(violations.joined(separator: "; ")). Replay: \(Self.command(seed))")
        }
    }

    @Test("a planted bug is found within 1,000 lives", arguments: Mutation.allCases)
    func planted(_ mutation: Mutation) {
        for seed in 1...1_000 as ClosedRange<UInt64>
        where !Simulation.violations(seed: seed, mutation: mutation).isEmpty {
            print("\(mutation): seed \(seed)")
            return
        }
        Issue.record("\(mutation) lived through 1,000 seeds unseen")
    }
}
