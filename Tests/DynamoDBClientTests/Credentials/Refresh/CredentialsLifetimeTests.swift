import Testing

@testable import DynamoDBClient

@Suite struct CredentialsLifetimeTests {
    private static let hour: Int64 = 3_600_000
    private func at(_ milliseconds: Int64) -> CredentialsLifetime.Moment {
        CredentialsLifetime.Moment(continuous: .milliseconds(milliseconds), wall: milliseconds)
    }

    private func keys(_ name: String, until end: Int64?) -> LoadedCredentials {
        LoadedCredentials(Credentials(accessKeyID: name, secretAccessKey: "s"), expiresAt: end, source: "a test")
    }

    private let trouble = DynamoDBError(
        kind: .transient,
        operation: "AssumeRole",
        subject: "role r",
        code: "TimedOut",
        message: "no answer",
        hint: ""
    )

    @Test("the first request loads, and keys without an end are kept")
    func lasting() {
        var lifetime = CredentialsLifetime(limits: DynamoDBClientLimits())
        #expect(lifetime.next(at: at(0)) == .load)
        #expect(lifetime.loaded(keys("A", until: nil), at: at(0), random: 0.5) == true)
        #expect(lifetime.next(at: at(1_000 * Self.hour)) == .use(keys("A", until: nil).credentials))
    }

    @Test("keys of an hour are renewed 12 to 15 minutes before their end", arguments: [(0.0, 45), (1.0, 48)])
    func ahead(random: Double, minute: Int64) {
        var lifetime = CredentialsLifetime(limits: DynamoDBClientLimits())
        let first = keys("A", until: Self.hour)
        #expect(lifetime.loaded(first, at: at(0), random: random) == true)
        #expect(lifetime.next(at: at(minute * 60_000 - 1)) == .use(first.credentials))
        #expect(lifetime.next(at: at(minute * 60_000)) == .useAndLoad(first.credentials))
    }

    @Test("keys of a minute are renewed after two thirds of it")
    func short() {
        var lifetime = CredentialsLifetime(limits: DynamoDBClientLimits())
        let first = keys("A", until: 60_000)
        #expect(lifetime.loaded(first, at: at(0), random: 0) == true)
        #expect(lifetime.next(at: at(39_999)) == .use(first.credentials))
        #expect(lifetime.next(at: at(40_000)) == .useAndLoad(first.credentials))
    }

    @Test("a renewal that fails keeps the keys until their end, with growing waits between attempts")
    func failing() {
        var lifetime = CredentialsLifetime(limits: DynamoDBClientLimits())
        let first = keys("A", until: Self.hour)
        #expect(lifetime.loaded(first, at: at(0), random: 0) == true)
        var now: Int64 = 45 * 60_000
        var waits: [Int64] = []
        while now < Self.hour {
            #expect(lifetime.next(at: at(now)) == .useAndLoad(first.credentials))
            #expect(lifetime.failed(trouble, at: at(now), random: 0.999) == true)
            let failedAt = now
            while case .use = lifetime.next(at: at(now)), now < Self.hour { now += 100 }
            waits.append(now - failedAt)
        }
        #expect(waits.prefix(5).map { $0 / 1_000 } == [2, 4, 8, 16, 32])
        #expect(waits.dropFirst(5).dropLast().allSatisfy { (59_000...60_100).contains($0) })
        #expect(lifetime.failed(trouble, at: at(Self.hour), random: 0.5) == false, "they have ended")
        #expect(lifetime.next(at: at(Self.hour)) == .use(first.credentials), "AWS says whether they hold")
        #expect(lifetime.next(at: at(Self.hour + 11_000)) == .load)
        #expect(lifetime.status.trouble == trouble.description)
        #expect(lifetime.loaded(keys("B", until: 3 * Self.hour), at: at(Self.hour + 61_000), random: 0) == true)
        #expect(lifetime.next(at: at(Self.hour + 61_000)) == .use(keys("B", until: nil).credentials))
        #expect(lifetime.status.trouble == nil)
    }

    @Test("without any keys the failure is told until another attempt is due")
    func none() {
        var lifetime = CredentialsLifetime(limits: DynamoDBClientLimits())
        #expect(lifetime.failed(trouble, at: at(0), random: 0) == false)
        #expect(lifetime.next(at: at(999)) == .fail(trouble))
        #expect(lifetime.next(at: at(1_000)) == .load)
    }

    @Test("keys that ended while this machine slept are renewed before they are used")
    func slept() {
        var lifetime = CredentialsLifetime(limits: DynamoDBClientLimits())
        #expect(lifetime.loaded(keys("A", until: Self.hour), at: at(0), random: 0) == true)
        #expect(lifetime.next(at: at(2 * Self.hour)) == .load)
    }

    @Test("a source that hands out keys past their end is believed, and asked again after a minute")
    func pastTheirEnd() {
        var lifetime = CredentialsLifetime(limits: DynamoDBClientLimits())
        let old = keys("A", until: 1)
        #expect(lifetime.loaded(old, at: at(Self.hour), random: 0) == true)
        #expect(lifetime.next(at: at(Self.hour + 59_999)) == .use(old.credentials))
        #expect(lifetime.next(at: at(Self.hour + 60_000)) == .useAndLoad(old.credentials))
        #expect(lifetime.status.expiresAt == 1)
        #expect(lifetime.loaded(old, at: at(Self.hour + 60_000), random: 0) == false, "no news")
    }

    /// The seconds between readings, when the service rejects the keys at every moment for two minutes.
    private func pauses(_ lifetime: inout CredentialsLifetime, from start: Int64, random: Double) -> [Double] {
        let moments = stride(from: start, to: start + 120_000, by: 100)
        let readings = moments.filter { lifetime.rereads(at: at($0), random: random) }
        #expect(readings.first == start, "the first rejection is followed by a reading at once")
        return zip(readings.dropFirst(), readings).map { Double($0 - $1) / 1_000 }
    }

    @Test("while the service rejects every key, the pauses between readings grow to ten seconds")
    func rejected() {
        var lifetime = CredentialsLifetime(limits: DynamoDBClientLimits())
        #expect(lifetime.loaded(keys("A", until: nil), at: at(0), random: 0) == true)
        #expect(pauses(&lifetime, from: 5_000, random: 0.999).prefix(6) == [1, 2, 4, 8, 10, 10])
    }

    @Test(
        "a source that hands out other keys each time does not shorten the pauses, and the first that is accepted does"
    )
    func rejectedWithOthers() {
        var lifetime = CredentialsLifetime(limits: DynamoDBClientLimits())
        #expect(lifetime.loaded(keys("A", until: nil), at: at(0), random: 0) == true)
        var waits: [Int64] = []
        var now: Int64 = 5_000
        for number in 0..<6 {
            let before = now
            while !lifetime.rereads(at: at(now), random: 0.999) { now += 100 }
            waits.append(now - before)
            #expect(lifetime.loaded(keys("other \(number)", until: nil), at: at(now), random: 0) == true)
            lifetime.accepted(keys("A", until: nil).credentials)
        }
        #expect(waits.map { Double($0) / 1_000 } == [0, 1, 2, 4, 8, 10], "a late success of older keys says nothing")
        lifetime.accepted(keys("other 5", until: nil).credentials)
        #expect(pauses(&lifetime, from: now + 10_000, random: 0.999).prefix(3) == [1, 2, 4])
    }

    @Test("the pauses between readings are random, and a second at least")
    func rejectedAtRandom() {
        var lifetime = CredentialsLifetime(limits: DynamoDBClientLimits())
        #expect(pauses(&lifetime, from: 0, random: 0).allSatisfy { $0 == 1 })
        #expect(pauses(&lifetime, from: 200_000, random: 0.5).suffix(4) == [5, 5, 5, 5])
    }

    @Test("without valid keys the pauses after failures stay short")
    func outage() {
        var none = CredentialsLifetime(limits: DynamoDBClientLimits())
        for _ in 0..<20 { #expect(none.failed(trouble, at: at(0), random: 0.999) == false) }
        #expect(none.next(at: at(9_900)) == .fail(trouble))
        #expect(none.next(at: at(10_000)) == .load)
        // Keys that end within the pause: the next attempt is made at their end.
        var ending = CredentialsLifetime(limits: DynamoDBClientLimits())
        let first = keys("A", until: Self.hour)
        #expect(ending.loaded(first, at: at(0), random: 0) == true)
        for _ in 0..<20 { #expect(ending.failed(trouble, at: at(Self.hour - 30_000), random: 0.999) == true) }
        #expect(ending.next(at: at(Self.hour - 1)) == .use(first.credentials))
        #expect(ending.next(at: at(Self.hour)) == .load)
        for _ in 0..<20 { #expect(ending.failed(trouble, at: at(Self.hour), random: 0.999) == false) }
        #expect(ending.next(at: at(Self.hour + 10_000)) == .load)
    }

    @Test("keys without an end that could not be read again are used on, and the reading is repeated until it succeeds")
    func unreadable() {
        var lifetime = CredentialsLifetime(limits: DynamoDBClientLimits())
        let first = keys("A", until: nil)
        #expect(lifetime.loaded(first, at: at(0), random: 0) == true)
        #expect(lifetime.failed(trouble, at: at(5_000), random: 0) == true)
        #expect(lifetime.next(at: at(5_500)) == .use(first.credentials))
        #expect(lifetime.next(at: at(10_000)) == .useAndLoad(first.credentials))
        #expect(lifetime.status.trouble != nil)
        #expect(lifetime.loaded(first, at: at(10_000), random: 0) == false)
        #expect(lifetime.status.trouble == nil)
        #expect(lifetime.next(at: at(100_000)) == .use(first.credentials))
    }

    @Test("only other keys are news")
    func news() {
        var lifetime = CredentialsLifetime(limits: DynamoDBClientLimits())
        #expect(lifetime.loaded(keys("A", until: 1_000), at: at(0), random: 0) == true)
        #expect(lifetime.loaded(keys("A", until: 1_000), at: at(1), random: 0) == false)
        #expect(lifetime.loaded(keys("A", until: 2_000), at: at(2), random: 0) == true)
        #expect(lifetime.status.loads == 3)
        #expect(lifetime.status.source == "a test")
    }
}
