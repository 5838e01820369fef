import Basics
import DynamoDBClient
import Synchronization
import Testing

@testable import Replication

@Suite struct ScanRateTests {
    private func table(_ change: (inout TableCapacity) -> Void = { _ in }) -> TableCapacity {
        var capacity = TableCapacity()
        change(&capacity)
        return capacity
    }

    @Test("auto takes half of what the table has: provisioned, warm, or bounded on demand")
    func auto() {
        func rate(_ change: (inout TableCapacity) -> Void) -> ScanRate { ScanCapacity.auto.rate(for: table(change)) }
        let provisioned = rate { $0.provisionedReadUnits = 500 }
        #expect(provisioned.unitsPerSecond == 250 && provisioned.ceiling == 250)
        #expect(rate { $0.provisionedReadUnits = 1 }.unitsPerSecond == 1)
        let warm = rate { $0.warmReadUnits = 12_000 }
        #expect(warm.unitsPerSecond == 6_000 && warm.ceiling == nil)
        let bounded = rate {
            $0.warmReadUnits = 12_000
            $0.maximumReadUnits = 4_000
        }
        #expect(bounded.unitsPerSecond == 2_000 && bounded.ceiling == 2_000)
        #expect(rate { _ in }.unitsPerSecond == ScanCapacity.onDemandStart)
        #expect(ScanCapacity.unlimited.rate(for: table()).unitsPerSecond == nil)
        #expect(ScanCapacity.units(7).rate(for: table { $0.provisionedReadUnits = 500 }).unitsPerSecond == 7)
    }

    @Test(
        "throttling halves the rate once for calls that fail together, and each second without adds a step, up to the ceiling"
    )
    func adapts() {
        var rate = ScanRate(start: 1_000, ceiling: 1_000)
        for _ in 0..<8 { rate.throttled(at: .seconds(10), consumed: 900) }
        #expect(rate.unitsPerSecond == 500)
        #expect(rate.throttledCalls == 8)
        rate.succeeded(at: .milliseconds(10_900))
        #expect(rate.unitsPerSecond == 500)
        rate.succeeded(at: .seconds(11))
        #expect(rate.unitsPerSecond == 550)
        rate.throttled(at: .milliseconds(11_100), consumed: 500)
        #expect(rate.unitsPerSecond == 275)
        for second in 12..<200 { rate.succeeded(at: .seconds(second)) }
        #expect(rate.unitsPerSecond == 1_000)
    }

    @Test("a pause adds no more than two steps")
    func pause() {
        var rate = ScanRate(start: 100, ceiling: nil)
        rate.throttled(at: .zero, consumed: 0)
        rate.succeeded(at: .seconds(3_600))
        #expect(rate.unitsPerSecond == 60)
    }

    @Test("without a bound the first throttling makes one of half of what was consumed, and the floor holds")
    func unbounded() {
        var rate = ScanRate(start: nil, ceiling: nil)
        rate.succeeded(at: .zero)
        #expect(rate.unitsPerSecond == nil)
        rate.throttled(at: .seconds(1), consumed: 3_000)
        #expect(rate.unitsPerSecond == 1_500)
        for second in 2..<60 { rate.throttled(at: .seconds(second), consumed: 0) }
        #expect(rate.unitsPerSecond == ScanRate.floor)
        var early = ScanRate(start: nil, ceiling: nil)
        early.throttled(at: .zero, consumed: 0)
        #expect(early.unitsPerSecond == ScanRate.leastBeforeThrottling / 2)
    }

    @Test("a pacer without a bound makes every segment wait once one was throttled")
    func pacer() async throws {
        let clock = Mutex((now: Duration.seconds(5), slept: Duration.zero))
        let time = TimeSource(
            continuous: { clock.withLock { $0.now } },
            wallMilliseconds: { 0 },
            sleep: { wait in
                clock.withLock {
                    $0.now += wait
                    $0.slept += wait
                }
            },
            random: { 0.5 }
        )
        let pacer = ReadPacer(ScanRate(start: nil, ceiling: nil), time: time)
        for _ in 0..<4 { pacer.settle(try await pacer.permitForPage(), units: 256, items: 100) }
        #expect(pacer.unitsPerSecond == nil)
        let error = DynamoDBError(kind: .throttled, operation: "", subject: "", code: "", message: "", hint: "")
        pacer.settle(try await pacer.permitForPage(), failed: error)
        #expect(pacer.unitsPerSecond == 512)
        for _ in 0..<8 { pacer.settle(try await pacer.permitForPage(), units: 256, items: 100) }
        // Eight pages of 256 units at about 512 a second, one of which is saved up.
        #expect(clock.withLock { $0.slept } >= .seconds(2))
        #expect(clock.withLock { $0.slept } <= .seconds(4))
    }
}
