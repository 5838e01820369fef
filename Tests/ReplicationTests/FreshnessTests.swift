import AWSClient
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

    @Test("a stall is told once, counts once as a departure from live, and its end once")
    func watch() {
        var watch = StallWatch()
        let nothing = watch.look(verdict(.live, 0), from: .live, now: .seconds(1), wallMilliseconds: 1)
        #expect(nothing == nil)
        let stalled = verdict(.stale, 31_000, silence: .seconds(31))
        let news = watch.look(stalled, from: .live, now: .seconds(40), wallMilliseconds: 5)
        #expect(news == .stalled(silence: .seconds(31), from: .live))
        #expect(watch.stall == StallWatch.Stall(noticedAt: 5, heardAt: .seconds(9)))
        let again = watch.look(stalled, from: .live, now: .seconds(41), wallMilliseconds: 6)
        #expect(again == nil)
        #expect(watch.departures == 1)
        let end = watch.look(verdict(.live, 0), from: .live, now: .seconds(50), wallMilliseconds: 7)
        #expect(end == .ended(after: .seconds(41), into: .live))
        let later = watch.look(verdict(.live, 0), from: .live, now: .seconds(51), wallMilliseconds: 8)
        #expect(later == nil)
        _ = watch.look(stalled, from: .stale, now: .seconds(90), wallMilliseconds: 9)
        #expect(watch.departures == 1, "it was stale already")
    }
}
