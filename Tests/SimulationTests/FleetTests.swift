import Glibc
import Simulation
import Synchronization
import Testing

/// Runs whole lives of fleets. `TABLECAST_SIMULATION_SEED=N` replays one seed; `TABLECAST_SIMULATION_SEEDS=N` runs so many.
@Suite struct FleetTests {
    private final class Lives: Sendable {
        private struct State {
            var next: UInt64
            var failures: [(seed: UInt64, violations: [String])] = []
            var counts = FleetCounts()
        }

        private let last: UInt64
        private let state: Mutex<State>

        init(_ seeds: ClosedRange<UInt64>) {
            last = seeds.upperBound
            state = Mutex(State(next: seeds.lowerBound))
        }

        var failures: [(seed: UInt64, violations: [String])] {
            state.withLock { $0.failures.sorted { $0.seed < $1.seed } }
        }
        var counts: FleetCounts { state.withLock(\.counts) }

        private func next() -> UInt64? {
            state.withLock { state in
                guard state.next <= last, state.failures.count < 3 else { return nil }
                state.next += 1
                return state.next - 1
            }
        }

        @concurrent
        func run() async {
            while let seed = next() {
                let (violations, counts) = FleetSimulation.live(seed: seed)
                state.withLock { state in
                    state.counts += counts
                    if !violations.isEmpty { state.failures.append((seed, violations)) }
                }
            }
        }
    }

    private static func number(_ name: String) -> UInt64? { getenv(name).flatMap { UInt64(String(cString: $0)) } }

    @Test("no client of a fleet is led astray: no key goes back, no change is missed, all are equal at rest")
    func manyLives() async {
        let first = Self.number("TABLECAST_SIMULATION_FIRST") ?? 1
        let count = Self.number("TABLECAST_SIMULATION_SEEDS") ?? 600
        var seeds = first...(count == 0 ? UInt64.max - 1 : first + count - 1)
        let replayed = Self.number("TABLECAST_SIMULATION_SEED")
        if let replayed {
            seeds = replayed...replayed
            for line in FleetSimulation.story(seed: replayed) { print(line) }
        }
        let lives = Lives(seeds)
        async let one: Void = lives.run()
        async let other: Void = lives.run()
        _ = await (one, other)
        for (seed, violations) in lives.failures {
            Issue.record(
                """
                seed \(seed): \(violations.joined(separator: "; "))
                Replay: TABLECAST_SIMULATION_SEED=\(seed) swift test --filter FleetTests.manyLives
                """
            )
        }
        guard replayed == nil, count >= 600 else { return }
        // The paths that this is about were taken often.
        let counts = lives.counts
        #expect(counts.hops > 5_000 && counts.moves > 1_500 && counts.waits > 500 && counts.walks > 300)
        #expect(counts.repeats > 500 && counts.repairs > 10, "\(counts)")
    }

    @Test("a planted fault of a fleet is found within 1,000 lives", arguments: FleetMutation.allCases)
    func planted(_ mutation: FleetMutation) {
        let found = (1...1_000 as ClosedRange<UInt64>).first { seed in
            !FleetSimulation.live(seed: seed, mutation: mutation).violations.isEmpty
        }
        #expect(found != nil, "\(mutation) lived through 1,000 lives unseen")
    }
}
