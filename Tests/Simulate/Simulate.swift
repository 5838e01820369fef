import Glibc
import Simulation

/// Lives of a table and its replica at the speed of a release build: `swift run -c release simulate [COUNT [FIRST]]`, a COUNT of 0
/// for ever. Says each seed that failed, with the command that replays it; exit status 1 if any did.
@main
struct Simulate {
    static func main() {
        let numbers = CommandLine.arguments.dropFirst().compactMap { UInt64($0) }
        let count = numbers.first ?? 20_000
        let first = numbers.dropFirst().first ?? 1
        guard numbers.count == CommandLine.arguments.count - 1, numbers.count <= 2, first > 0 else {
            print(
                "usage: simulate [COUNT [FIRST]]\n  COUNT  lives to run, 0 for ever (20000)\n  FIRST  the first seed (1)"
            )
            exit(2)
        }
        let last = count == 0 ? UInt64.max - 1 : first + count - 1
        var failed = 0
        for seed in first...last {
            let violations = Simulation.violations(seed: seed)
            if !violations.isEmpty {
                failed += 1
                print("seed \(seed): \(violations.joined(separator: "; "))")
                print("Replay: TABLECAST_SIMULATION_SEED=\(seed) swift test --filter SimulationTests.manyLives")
            }
            if (seed - first + 1) % 10_000 == 0 {
                print("\(seed - first + 1) lives, up to seed \(seed), \(failed) failed")
            }
            fflush(nil)
            // More of the same helps nobody.
            if failed == 20 { break }
        }
        exit(failed == 0 ? 0 : 1)
    }
}
