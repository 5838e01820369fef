import Basics
import DynamoDBClient
import Synchronization
import TableModel
import Testing

@testable import Replication

@Suite struct CapacityBudgetTests {
    @Test("lets through what was saved up, then makes each call wait for its units")
    func rate() {
        var budget = CapacityBudget(unitsPerSecond: 10, at: .zero)
        #expect(budget.reserve(10, at: .zero) == .zero)
        #expect(budget.reserve(5, at: .zero) == .milliseconds(500))
        #expect(budget.reserve(5, at: .zero) == .seconds(1))
        #expect(budget.reserve(5, at: .seconds(2)) == .zero)
    }

    @Test("a call that consumed more than was guessed is paid for by those after it, one that failed is given back")
    func settle() {
        var budget = CapacityBudget(unitsPerSecond: 10, at: .zero)
        #expect(budget.reserve(10, at: .zero) == .zero)
        budget.settle(10, consumed: 40, at: .zero)
        #expect(budget.reserve(10, at: .seconds(1)) == .seconds(3))
        budget.settle(10, consumed: 0, at: .seconds(1))
        #expect(budget.reserve(10, at: .seconds(4)) == .zero)
    }

    @Test("saves up one second and no more, and a clock that stands still or goes back gives nothing")
    func bounds() {
        var budget = CapacityBudget(unitsPerSecond: 4, at: .seconds(10))
        #expect(budget.reserve(4, at: .seconds(100)) == .zero)
        #expect(budget.reserve(4, at: .seconds(90)) == .seconds(1))
    }

    @Test("over a long scan by many segments consumes no more than its rate, whatever the pages cost")
    func average() {
        var budget = CapacityBudget(unitsPerSecond: 100, at: .zero)
        var now: Duration = .zero
        var consumed = 0.0
        for call in 0..<2_000 {
            let wait = budget.reserve(50, at: now)
            now += wait
            let cost = Double(1 + (call * 37) % 180)
            budget.settle(50, consumed: cost, at: now)
            consumed += cost
        }
        let seconds = Double(now.wholeMilliseconds) / 1_000
        #expect(consumed <= 100 * seconds + 100 + 180)
        #expect(consumed >= 100 * seconds * 0.95)
    }

    @Test("asks for pages that fit a small budget, by what items have cost, and for whole ones under a large budget")
    func limits() async throws {
        let waited = Mutex(Duration.zero)
        let time = TimeSource(
            continuous: { waited.withLock { $0 } },
            wallMilliseconds: { 0 },
            sleep: { wait in waited.withLock { $0 += wait } },
            random: { 0.5 }
        )
        let small = ReadPacer(ScanCapacity.units(20).rate(for: TableCapacity()), time: time)
        let first = try await small.permitForPage()
        #expect(first.limit == 20)
        small.settle(first, units: 5, items: 20)
        let second = try await small.permitForPage()
        #expect(second.limit == 80)
        let large = try await ReadPacer(ScanCapacity.units(1_000).rate(for: TableCapacity()), time: time)
            .permitForPage()
        #expect(large.limit == nil)
        #expect(large.reserved == 256)
        #expect(
            try await ReadPacer(ScanCapacity.unlimited.rate(for: TableCapacity()), time: time).permitForPage().reserved
                == 0
        )
    }

    @Test("guesses what is left of a scan from what it has cost, and nothing beyond DescribeTable's count")
    func estimate() {
        let half = ScanEstimate(approximateItems: 200, scannedItems: 100, scannedUnits: 30, elapsed: .seconds(10))
        #expect(half.units == 60)
        #expect(half.secondsLeft == 10)
        let over = ScanEstimate(approximateItems: 90, scannedItems: 100, scannedUnits: 30, elapsed: .seconds(10))
        #expect(over.units == nil && over.secondsLeft == nil)
        let none = ScanEstimate(approximateItems: 90, scannedItems: 0, scannedUnits: 0, elapsed: .zero)
        #expect(none.units == nil)
    }
}
