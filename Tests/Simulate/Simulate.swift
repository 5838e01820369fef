import Glibc
import Simulation

/// Lives of a table and its replica at the speed of a release build: `swift run -c release simulate [--digest] [COUNT [FIRST]]`, a
/// COUNT of 0 for ever. Says each seed that failed, with the command that replays it; exit status 1 if any did. With `--digest`, each
/// line has a digest of all that happened so far: two versions of the machine that behave the same print the same.
@main
struct Simulate {
    static func main() {
        let showsDigest = CommandLine.arguments.dropFirst().first == "--digest"
        let words = CommandLine.arguments.dropFirst(showsDigest ? 2 : 1)
        let numbers = words.compactMap { UInt64($0) }
        let count = numbers.first ?? 20_000
        let first = numbers.dropFirst().first ?? 1
        guard numbers.count == words.count, numbers.count <= 2, first > 0 else {
            print(
                """
                usage: simulate [--digest] [COUNT [FIRST]]
                  --digest  print a digest of all that happened, to compare two versions
                  COUNT     lives to run, 0 for ever (20000)
                  FIRST     the first seed (1)
                """
            )
            exit(2)
        }
        let last = count == 0 ? UInt64.max - 1 : first + count - 1
        var failed = 0
        var digest = Digest()
        for seed in first...last {
            let violations = Simulation.violations(seed: seed)
            if !violations.isEmpty {
                failed += 1
                print("seed \(seed): \(violations.joined(separator: "; "))")
                print("Replay: TABLECAST_SIMULATION_SEED=\(seed) swift test --filter SimulationTests.manyLives")
            }
            if showsDigest { for line in Simulation.story(seed: seed) { digest.add(line) } }
            let done = seed - first + 1
            if done.isMultiple(of: 10_000) || seed == last {
                let end = showsDigest ? ", digest \(String(digest.value, radix: 16))" : ""
                print("\(done) lives, up to seed \(seed), \(failed) failed\(end)")
            }
            fflush(nil)
            // More of the same helps nobody.
            if failed == 20 { break }
        }
        exit(failed == 0 ? 0 : 1)
    }
}

/// FNV-1a over lines of text, because a `Hasher` differs from process to process.
private struct Digest {
    private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

    mutating func add(_ line: String) {
        for byte in line.utf8 { value = (value ^ UInt64(byte)) &* 0x100_0000_01B3 }
        value = (value ^ 10) &* 0x100_0000_01B3
    }
}
