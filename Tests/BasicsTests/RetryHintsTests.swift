import Basics
import Testing

@Suite struct RetryHintsTests {
    @Test(
        "seconds are spread over their range, each of which comes",
        arguments: [(1, nil, 1...3), (5, nil, 5...11), (1, 10, 1...10)]
    )
    func seconds(_ least: Int, _ most: Int?, _ range: ClosedRange<Int>) {
        let hints = RetryHints(seed: 7)
        let seen = Set((0..<1_000).map { _ in hints.seconds(atLeast: least, upTo: most) })
        #expect(seen == Set(range))
    }

    @Test("milliseconds are never fewer than the base, and hardly ever twice the same")
    func milliseconds() {
        let hints = RetryHints(seed: 7)
        let seen = (0..<20).map { _ in hints.milliseconds(from: 1_000, times: 2) }
        #expect(seen.allSatisfy { (1_000...2_000).contains($0) })
        #expect(Set(seen).count > 15)
        #expect(hints.milliseconds(from: 1_000, times: 1) == 1_000)
    }

    @Test("one seed gives one series")
    func seeded() {
        let (left, right, other) = (RetryHints(seed: 1), RetryHints(seed: 1), RetryHints(seed: 2))
        func series(_ hints: RetryHints) -> [Int] { (0..<10).map { _ in hints.milliseconds(from: 1_000, times: 10) } }
        let first = series(left)
        #expect(series(right) == first)
        #expect(series(other) != first)
    }
}
