import Basics
import DynamoDBClient
import Testing

@testable import Replication

/// One silence of replication, at random times: what is told of it, whenever the watch looks and whatever replication finds after it.
@Suite struct StallHistoryTests {
    private static let bound: Duration = .seconds(30)

    /// What happens at a moment.
    private enum Step {
        /// The watch looks.
        case watch
        /// Replication is told how the stream was at `moment`.
        case look(lag: Duration, moment: Duration, silence: Duration)
    }

    /// Replication and its watch, as values.
    private struct History {
        let bounds: Freshness.Bounds
        var readiness = Readiness()
        var known = Freshness()
        var watch = StallWatch()
        var news: [StallWatch.News] = []
        var events: [ReplicationEvent] = []

        init() {
            var settings = ReplicationSettings(tableName: "t")
            settings.maximumLag = StallHistoryTests.bound
            bounds = Freshness.Bounds(settings)
            readiness.beginGeneration("first")
            readiness.goLive()
        }

        mutating func take(_ step: Step, at now: Duration) {
            switch step {
            case .watch:
                guard let new = watch.look(at: known, by: bounds, now: now, wallMilliseconds: 0) else { return }
                news.append(new)
                events.append(ReplicationEvent(new))
            case .look(let lag, let moment, let silence):
                let before = readiness
                let evidence = Readiness.Evidence(lagMilliseconds: lag.wholeMilliseconds, silence: silence)
                readiness.judge(evidence, maximumLag: StallHistoryTests.bound)
                known = Freshness(
                    state: readiness.state,
                    lagMilliseconds: lag.wholeMilliseconds,
                    servedAsOf: moment - lag,
                    knownAt: moment
                )
                let isStalled = watch.stall != nil
                if let event = ReplicationEvent(from: before, to: readiness, isStalled: isStalled) {
                    events.append(event)
                }
            }
        }
    }

    @Test("one silence is one stall with one end, and what is told of the state is one story", arguments: 0..<500)
    func oneSilence(_ seed: UInt64) {
        var random = SplitMix64(seed: seed)
        func milliseconds(_ range: ClosedRange<Int>) -> Duration {
            .milliseconds(Int.random(in: range, using: &random))
        }
        let start: Duration = .seconds(1_000)
        let isStale = Int.random(in: 0..<4, using: &random) == 0
        // Among them those that are over the bound as soon as nothing is heard.
        let liveLag = Bool.random(using: &random) ? 29_750...30_000 : 0...30_000
        let lag = milliseconds(isStale ? 30_001...90_000 : liveLag)
        // Many of them end about where lag passes the bound, or the silence itself does.
        let silence =
            switch Int.random(in: 0..<3, using: &random) {
            case 0: Self.bound - (isStale ? .zero : lag) + milliseconds(-500...800)
            case 1: Self.bound + milliseconds(-500...100)
            default: milliseconds(100...90_000)
            }
        let end = start + max(.milliseconds(1), silence)
        var steps: [(at: Duration, step: Step)] = [(start, .look(lag: lag, moment: start, silence: .zero))]
        // A question from before everything stood still: answered then, and heard of after it.
        let asked = milliseconds(1...250)
        if asked < silence, Bool.random(using: &random) {
            steps.append((end, .look(lag: lag + asked, moment: start + asked, silence: asked)))
        }
        var now = end + milliseconds(1...400)
        for _ in 0..<Int.random(in: 0..<8, using: &random) {
            steps.append((now, .look(lag: lag + silence, moment: now, silence: milliseconds(0...500))))
            now += milliseconds(250...300)
        }
        for _ in 0..<4 {
            steps.append((now, .look(lag: .zero, moment: now - milliseconds(0...20), silence: .zero)))
            now += milliseconds(250...300)
        }
        var look = start
        while look < now {
            look += milliseconds(1...300)
            steps.append((look, .watch))
        }
        var history = History()
        for (moment, step) in steps.sorted(by: { $0.at < $1.at }) { history.take(step, at: moment) }
        check(history, wasStale: isStale)
        let margin: Duration = .milliseconds(700)
        let unread = isStale ? silence : silence + lag
        if unread > Self.bound + margin, silence > history.bounds.grace + margin {
            #expect(history.news.count == 2, "\(history.events)")
        }
        if unread < Self.bound - margin { #expect(history.news.isEmpty, "\(history.events)") }
    }

    private func check(_ history: History, wasStale: Bool) {
        // A start and an end, or nothing.
        switch (history.news.first, history.news.count) {
        case (nil, 0), (.stalled, 2): break
        default: Issue.record("\(history.news)")
        }
        var told = ReplicaState.live
        var arrivals = 0
        for event in history.events {
            switch event {
            case .stateChanged(let before, let after, _, _):
                #expect(before == told && after != told, "\(history.events)")
                if after == .stale { arrivals += 1 }
                told = after
            case .reasonChanged(let state, _, _): #expect(state == told, "\(history.events)")
            case .stallEnded(_, let state): told = state
            default: Issue.record("\(event)")
            }
        }
        #expect(told == .live && history.readiness.state == .live, "\(history.events)")
        #expect(arrivals <= 1 && (!wasStale || arrivals == 1), "\(history.events)")
        #expect(history.watch.departures <= 1)
    }
}
