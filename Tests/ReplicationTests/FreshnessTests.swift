import DynamoDBClient
import TestTools
import Testing

@testable import Replication

@Suite struct FreshnessTests {
    private let bounds: Freshness.Bounds = {
        var settings = ReplicationSettings(tableName: "t")
        settings.maximumLag = .seconds(30)
        return Freshness.Bounds(settings)
    }()

    /// Replication looked at second 100.
    private func known(_ state: ReplicaState, lag: Int64? = 0, servedAsOf: Duration? = .seconds(100)) -> Freshness {
        Freshness(state: state, lagMilliseconds: lag, servedAsOf: servedAsOf, knownAt: .seconds(100))
    }

    private func verdict(_ state: ReplicaState, _ lag: Int64?, silence: Duration? = nil) -> Freshness.Verdict {
        Freshness.Verdict(state: state, lagMilliseconds: lag, silence: silence)
    }

    @Test("a healthy replica keeps the lag that replication knows, however often it looks")
    func healthy() {
        #expect(known(.live).judged(at: .seconds(100), by: bounds) == verdict(.live, 0))
        #expect(known(.live).judged(at: .milliseconds(102_000), by: bounds) == verdict(.live, 0))
        #expect(known(.live, lag: 1_500).judged(at: .seconds(101), by: bounds) == verdict(.live, 1_500))
    }

    @Test("when nothing is heard lag counts from what is served, and over the bound the state is stale for that reason")
    func silent() {
        #expect(known(.live).judged(at: .seconds(103), by: bounds) == verdict(.live, 3_000))
        #expect(known(.live).judged(at: .seconds(130), by: bounds) == verdict(.live, 30_000))
        let over = known(.live).judged(at: .milliseconds(130_001), by: bounds)
        #expect(over == verdict(.stale, 30_001, silence: .milliseconds(30_001)))
        let late = known(.live, lag: 20_000, servedAsOf: .seconds(80)).judged(at: .seconds(111), by: bounds)
        #expect(late == verdict(.stale, 31_000, silence: .seconds(11)))
    }

    @Test("a suspend is lag, and the replica is stale on waking until replication has looked")
    func suspended() {
        let clocks = SuspendableClocks()
        let before = Freshness(
            state: .live,
            lagMilliseconds: 0,
            servedAsOf: clocks.continuous,
            knownAt: clocks.continuous
        )
        clocks.suspend(for: .seconds(3_600))
        let silence = Duration.seconds(3_600)
        let woken = before.judged(at: clocks.continuous, by: bounds)
        #expect(woken == verdict(.stale, 3_600_000, silence: silence))
    }

    @Test("what made it stale before stays the reason until the silence would have")
    func staleBefore() {
        let stale = known(.stale, lag: 40_000, servedAsOf: .seconds(60))
        #expect(stale.judged(at: .seconds(110), by: bounds) == verdict(.stale, 50_000))
        #expect(stale.judged(at: .seconds(131), by: bounds) == verdict(.stale, 71_000, silence: .seconds(31)))
    }

    @Test("what is rebuilt is as old as what is served; before anything is, nothing is known")
    func otherStates() {
        #expect(known(.rebuilding).judged(at: .seconds(107), by: bounds) == verdict(.rebuilding, 7_000))
        #expect(
            known(.syncing, lag: nil, servedAsOf: nil).judged(at: .seconds(500), by: bounds) == verdict(.syncing, nil)
        )
        #expect(Freshness().judged(at: .seconds(500), by: bounds) == verdict(.starting, nil))
    }

    @Test("a saved state that is shown is as old as it is, and never stalled: nobody reads the stream yet")
    func savedState() {
        var shown = known(.stale, lag: 3_600_000, servedAsOf: .seconds(-3_500))
        shown.isFrozen = true
        #expect(shown.judged(at: .seconds(100), by: bounds) == verdict(.stale, 3_600_000))
        #expect(shown.judged(at: .seconds(500), by: bounds) == verdict(.stale, 4_000_000))
    }

    @Test("a greatest lag below the grace is held as well as it can be seen")
    func shortBound() {
        var settings = ReplicationSettings(tableName: "t")
        settings.maximumLag = .seconds(1)
        let bounds = Freshness.Bounds(settings)
        #expect(bounds.grace == .seconds(1))
        #expect(known(.live).judged(at: .milliseconds(101_001), by: bounds).state == .stale)
        settings.maximumLag = .milliseconds(10)
        #expect(Freshness.Bounds(settings).grace == settings.limits.watchInterval * 2)
    }

    @Test(
        "a stall that was told of lasts until a look that was begun after it, and no longer than lag is over the bound"
    )
    func during() {
        let stall = StallWatch.Stall(noticedAt: 5, toldAt: .seconds(102), heardAt: .seconds(71))
        // Answered in the stall: by it replication found itself 31 s behind.
        let late = known(.stale, lag: 31_000, servedAsOf: .seconds(69))
        let goesOn = late.judged(at: .seconds(103), by: bounds, during: stall)
        #expect(goesOn == verdict(.stale, 34_000, silence: .seconds(3)))
        #expect(late.judged(at: .seconds(102), by: bounds, during: stall) == verdict(.stale, 31_000))
        let told = StallWatch.Stall(noticedAt: 5, toldAt: .seconds(99), heardAt: .seconds(69))
        #expect(late.judged(at: .seconds(103), by: bounds, during: told) == verdict(.stale, 34_000))
        #expect(known(.live).judged(at: .seconds(103), by: bounds, during: stall) == verdict(.live, 3_000))
    }

    @Test("a stall is told once, counts once as a departure from live, and its end once")
    func watch() {
        var watch = StallWatch()
        func look(_ known: Freshness, at second: Int, wall: Int64) -> StallWatch.News? {
            watch.look(at: known, by: bounds, now: .seconds(second), wallMilliseconds: wall)
        }
        #expect(look(known(.live), at: 101, wall: 1) == nil)
        #expect(look(known(.live), at: 131, wall: 5) == .stalled(silence: .seconds(31), from: .live))
        #expect(watch.stall == StallWatch.Stall(noticedAt: 5, toldAt: .seconds(131), heardAt: .seconds(100)))
        #expect(look(known(.live), at: 132, wall: 6) == nil)
        #expect(watch.departures == 1)
        var again = known(.live, servedAsOf: .seconds(141))
        again.knownAt = .seconds(141)
        #expect(look(again, at: 141, wall: 7) == .ended(after: .seconds(41), into: .live))
        #expect(look(again, at: 142, wall: 8) == nil)
        again.state = .stale
        #expect(look(again, at: 172, wall: 9) == .stalled(silence: .seconds(31), from: .stale))
        #expect(watch.departures == 1, "it was stale already")
    }

    @Test("a stall of a replica that was stale already is told as its reason")
    func toldWhenStale() {
        let text = "replication has not completed a read for 31 s"
        let stale = ReplicationEvent(.stalled(silence: .seconds(31), from: .stale))
        #expect(stale == .reasonChanged(in: .stale, code: .stalled, reason: text))
        let live = ReplicationEvent(.stalled(silence: .seconds(31), from: .live))
        #expect(live == .stateChanged(from: .live, to: .stale, code: .stalled, reason: text))
    }
}
