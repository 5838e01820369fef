import Basics
import Replication
import Synchronization
import Testing

@testable import Following

/// What is told about a follower: its state, its reason, and the log.
@Suite struct FollowerWatchTests {
    private final class Observer: ReplicationObserver {
        let events = Mutex<[ReplicationEvent]>([])
        func observe(_ event: ReplicationEvent) { events.withLock { $0.append(event) } }
    }

    /// A session whose news a watch hears.
    private final class Fixture {
        let observer = Observer()
        let reporter: StateReporter
        let watch: FollowerWatch
        let session: SessionFixture

        init(upstreams: [String] = ["http://one"]) {
            var settings = FollowingSettings()
            settings.upstreams = upstreams
            let replication = ReplicationSettings(tableName: "")
            let time = TimeSource(
                continuous: { .seconds(10) },
                wallMilliseconds: { 2_000_000 },
                sleep: { _ in },
                random: { 0.5 }
            )
            reporter = StateReporter(replication, savesState: false, time, observer)
            let watch = FollowerWatch(settings, replication, reporter, time)
            self.watch = watch
            session = SessionFixture(upstreams: upstreams, hears: { watch.hear($0) })
            session.now = .seconds(10)
        }

        var state: ReplicaState { reporter.status.state }
        var reason: String { reporter.status.reason }
        var code: ReasonCode { reporter.status.reasonCode }

        /// The connection ends.
        func breakOff() {
            session.breakOff()
            watch.lost(session.session)
        }

        func count(of wanted: (ReplicationEvent) -> Bool) -> Int {
            observer.events.withLock { $0.filter(wanted).count }
        }
    }

    private func upstream(_ epoch: String = "leaderaa") -> UpstreamModel {
        let upstream = UpstreamModel(epoch)
        for number in 0..<3 { _ = upstream.put("k\(number)", number) }
        return upstream
    }

    private let busy = #"{"event":"busy","reason":"not-ready","detail":"the table is being scanned"}"#

    @Test("an upstream without contents is named as the cause of the wait while it is connected, once in the log")
    func busyAtFirst() {
        let fixture = Fixture()
        fixture.session.connect()
        #expect(fixture.session.send(UpstreamModel.source(), busy))
        #expect(fixture.code == .waitingForUpstream)
        #expect(fixture.reason == "http://one has no contents to follow: the table is being scanned")
        #expect(fixture.session.send(busy))
        #expect(fixture.count { if case .startWaits = $0 { true } else { false } } == 1)
        #expect(fixture.session.send(upstream().load()))
        #expect(fixture.state == .live)
    }

    @Test("with several upstreams one without contents is left at once for the next")
    func busyOfSeveral() {
        let fixture = Fixture(upstreams: ["http://one", "http://two"])
        fixture.session.connect()
        #expect(!fixture.session.send(UpstreamModel.source(), busy))
        fixture.breakOff()
        #expect(fixture.code == .waitingForUpstream)
        #expect(fixture.session.connect().upstream == "http://two")
        #expect(fixture.session.send(upstream().load()))
        #expect(fixture.state == .live)
    }

    @Test("an upstream that is not live makes a follower stale, also when its contents begin again before it ever was")
    func staleUpstream() {
        let fixture = Fixture()
        let old = upstream()
        fixture.session.connect()
        #expect(fixture.session.send(Array(old.load().dropLast()) + [old.bookmark("ready", state: "stale")]))
        #expect(fixture.state == .stale)
        #expect(fixture.code == .upstreamStale)
        let new = upstream("rebuiltt")
        #expect(fixture.session.send([#"{"event":"reset","reason":"rebuilt"}"#] + new.load()[2...].dropLast()))
        #expect(fixture.state == .rebuilding)
        // Contents of the new epoch are shown once they have all times that readers may have seen.
        #expect(fixture.session.send(new.bookmark("ready", state: "stale", low: 3_000_000)))
        #expect(fixture.state == .stale)
        #expect(fixture.reason == "the upstream is stale: because")
        #expect(fixture.session.send(new.bookmark()))
        #expect(fixture.state == .live)
    }

    @Test("while contents that differed are loaded again, the reason says that they did; so does a second attempt's")
    func differs() {
        let fixture = Fixture()
        let upstream = upstream()
        fixture.session.connect()
        #expect(fixture.session.send(upstream.load()))
        #expect(!fixture.session.send(upstream.bookmark(items: 9)))
        fixture.breakOff()
        for _ in 0..<2 {
            fixture.session.connect()
            #expect(fixture.session.send(Array(upstream.load().dropLast())))
            #expect(fixture.state == .rebuilding)
            #expect(fixture.code == .upstreamDiffers)
            #expect(fixture.reason.contains("differ from this replica's"))
            #expect(!fixture.session.send(upstream.bookmark(items: 9)))
            fixture.breakOff()
        }
        fixture.session.connect()
        #expect(fixture.session.send(upstream.load()))
        #expect(fixture.state == .live)
        #expect(fixture.session.send([#"{"event":"reset","reason":"rebuilt"}"#] + upstream.load()[2...].dropLast()))
        #expect(fixture.code == .loadingUpstream)
    }

    @Test("a rebuild that breaks off says why, and ends without a load where the old contents are continued")
    func brokenRebuild() {
        let fixture = Fixture()
        let upstream = upstream()
        fixture.session.connect()
        #expect(fixture.session.send(upstream.load()))
        #expect(
            fixture.session.send(
                #"{"event":"reset","reason":"rebuilt"}"#,
                UpstreamModel("rebuiltt").contents()
            )
        )
        #expect(fixture.state == .rebuilding)
        fixture.breakOff()
        #expect(fixture.reason.contains("the stream of http://one ended"))
        fixture.session.connect()
        #expect(fixture.session.send(UpstreamModel.source(), upstream.contents(), upstream.bookmark(state: "stale")))
        #expect(fixture.state == .stale)
    }
}
