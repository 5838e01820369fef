import DynamoDBClient
import Testing

@testable import DynamoDBClient

@Suite struct ServiceClockTests {
    /// The table's time at the continuous clock's zero.
    private static let epoch: Int64 = 1_700_000_000_000

    private func clock() -> ServiceClock { ServiceClock(maximumAge: .seconds(300)) }

    /// An answer after `latency` that was stamped halfway, by a service whose clock is `ahead` milliseconds ahead of ours.
    private func answer(
        _ clock: inout ServiceClock,
        at sent: Int64,
        latency: Int64 = 10,
        ahead: Int64 = 0,
        wall: Int64? = nil
    ) {
        let stamped = Self.epoch + sent + latency / 2 + ahead
        clock.note(
            date: stamped / 1_000,
            sent: .milliseconds(sent),
            received: .milliseconds(sent + latency),
            wallMilliseconds: wall ?? Self.epoch + sent + latency
        )
    }

    private func reading(_ clock: ServiceClock, at moment: Int64, wall: Int64? = nil) -> ServiceTime? {
        clock.reading(at: .milliseconds(moment), wallMilliseconds: wall ?? Self.epoch + moment)
    }

    @Test("knows nothing before the first answer")
    func empty() { #expect(reading(clock(), at: 5) == nil) }

    @Test(
        "holds the service's time between its bounds, closer with every answer",
        arguments: [-300_000, 0, 250, 300_000] as [Int64]
    )
    func bounds(_ ahead: Int64) throws {
        var clock = clock()
        for tick in 0..<40 {
            let sent = Int64(tick) * 270
            answer(&clock, at: sent, ahead: ahead)
            let time = try #require(reading(clock, at: sent + 10))
            let truth = Self.epoch + sent + 10 + ahead
            #expect(time.earliest <= truth && truth <= time.latest)
            #expect(time.latest - time.earliest <= 2_020)
        }
        let time = try #require(reading(clock, at: 20_000))
        #expect(time.latest - time.earliest <= 1_100)
        #expect(Self.epoch + 20_000 + ahead - time.earliest <= 100)
    }

    @Test("goes with a service whose clock is set")
    func setAnew() throws {
        var clock = clock()
        for tick in 0..<10 { answer(&clock, at: Int64(tick) * 250) }
        answer(&clock, at: 3_000, ahead: 86_400_000)
        let time = try #require(reading(clock, at: 3_010))
        #expect(time.earliest <= Self.epoch + 3_010 + 86_400_000 && Self.epoch + 3_010 + 86_400_000 <= time.latest)
    }

    @Test("an old answer is not used, and what it told is left behind by and by")
    func age() throws {
        var clock = clock()
        answer(&clock, at: 0)
        #expect(reading(clock, at: 300_000) != nil)
        #expect(reading(clock, at: 301_000) == nil)
        // A clock that drifts by 100 ppm stays inside although each single window would be too narrow for it.
        for tick in 0..<40_000 { answer(&clock, at: 400_000 + Int64(tick) * 250, ahead: Int64(tick) / 40) }
        let end: Int64 = 400_000 + 40_000 * 250
        let time = try #require(reading(clock, at: end))
        let truth = Self.epoch + end + 1_000
        #expect(time.earliest <= truth + 70 && truth - 70 <= time.latest)
    }

    @Test("after a pause that the continuous clock does not count, nothing is known until the next response")
    func paused() throws {
        var clock = clock()
        for tick in 0..<10 { answer(&clock, at: Int64(tick) * 250) }
        let slept: Int64 = 25 * 3_600_000
        #expect(reading(clock, at: 3_000, wall: Self.epoch + 3_000 + slept) == nil)
        answer(&clock, at: 3_100, ahead: slept, wall: Self.epoch + 3_110 + slept)
        let time = try #require(reading(clock, at: 3_200, wall: Self.epoch + 3_200 + slept))
        #expect(time.earliest <= Self.epoch + 3_200 + slept && Self.epoch + 3_200 + slept <= time.latest)
    }
}
