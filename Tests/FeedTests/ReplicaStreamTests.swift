import Basics
import HTTPServer
import ItemQuery
import ReplicaStore
import Synchronization
import TableModel
import TestTools
import Testing

@testable import Feed

/// The feed of a follower: rows, then every step, and bookmarks that say what it holds.
@Suite struct ReplicaStreamTests {
    private static func fixture(_ change: (inout FeedLimits) -> Void = { _ in }) throws -> FeedFixture {
        var limits = FeedLimits()
        limits.replicaJoinWindow = .zero
        change(&limits)
        let fixture = FeedFixture(feedLimits: limits)
        try fixture.scan(["a", "b"], value: 1)
        fixture.writer.endBootstrap()
        return fixture
    }

    @Test(
        "first come the source and what the contents are, then rows with their causes, tombstones among them, then where it stands"
    )
    func form() throws {
        let fixture = try Self.fixture()
        try fixture.put("c", 2)
        try fixture.remove("a")
        try fixture.spoil("d")
        fixture.publish()
        let digest = fixture.writer.snapshot().digest
        let mark =
            #""id":"aaaaaaaa.5","position":"aaaaaaaa.5","lag_ms":7,"items":2,"state":"live","reason":"","digest":"\#(digest)","horizon":"0","sent_ms":0}"#
        var follower = FollowerModel()
        let stream = try fixture.follow()
        try follower.read(stream)
        #expect(
            follower.lines.map(\.text) == [
                #"{"event":"source","protocol":1,"chain":["me"]}"#,
                #"{"event":"hello","position":"aaaaaaaa.5","time":"2023-11-14T22:13:20.123Z"}"#,
                #"{"event":"contents","epoch":"aaaaaaaa","table":"","key":{"partition":{"name":"id","type":"S"}},"stream_arn":null,"#
                    + #""stream":null,"ignored_attributes":"","birth":null,"horizon":"0","partial":false}"#,
                #"{"op":"put","key":{"id":{"S":"b"}},"item":{"id":{"S":"b"},"v":{"N":"1"}},"id":"aaaaaaaa.2","at":"1970-01-01T00:00:00.005Z","#
                    + #""cause":"snapshot"}"#,
                #"{"op":"put","key":{"id":{"S":"c"}},"item":{"id":{"S":"c"},"v":{"N":"2"}},"id":"aaaaaaaa.3","version":"1000000000000000001","#
                    + #""at":"2023-11-14T22:13:20.000Z","cause":"stream"}"#,
                #"{"op":"remove","key":{"id":{"S":"a"}},"id":"aaaaaaaa.4","version":"1000000000000000002","at":"2023-11-14T22:13:20.000Z","#
                    + #""cause":"stream"}"#,
                #"{"op":"remove","key":{"id":{"S":"d"}},"id":"aaaaaaaa.5","version":"1000000000000000003","at":"2023-11-14T22:13:20.000Z","#
                    + #""cause":"unreadable"}"#,
                #"{"event":"ready","# + mark, #"{"event":"bookmark","# + mark,
            ]
        )
        #expect(follower.lastStep == .wait(until: .milliseconds(250)))
        #expect(fixture.hub.reading.followers == 1 && fixture.hub.reading.subscribers == 1)
        stream.finished(.clientGone)
        #expect(fixture.hub.reading.followers == 0 && fixture.hub.reading.subscribers == 0)
    }

    @Test("once rows are read, every step is told, also those that are superseded at once")
    func steps() throws {
        let fixture = try Self.fixture()
        fixture.publish()
        let stream = try fixture.follow()
        var follower = FollowerModel()
        try follower.read(stream)
        follower.forgetLines()
        for value in 1...3 { try fixture.put("a", value) }
        try fixture.remove("a")
        fixture.publish()
        try follower.read(stream, now: .milliseconds(10))
        #expect(follower.summary == ["put 3 stream", "put 4 stream", "put 5 stream", "remove 6 stream"])
        try follower.read(stream, now: .milliseconds(260))
        #expect(follower.summary.last == "bookmark" && follower.bookmark?.seq == 6)
    }

    @Test("a follower under constant writes gets a bookmark four times a second")
    func constantWrites() throws {
        let fixture = try Self.fixture()
        fixture.publish()
        let stream = try fixture.follow()
        var follower = FollowerModel()
        try follower.read(stream)
        for tick in 1...200 {
            try fixture.put("k\(tick % 5)", tick)
            fixture.publish()
            try follower.read(stream, now: .milliseconds(tick * 10))
        }
        #expect((8...10).contains(follower.bookmarks))
    }

    @Test("where the history has lost the next step, rows are read again, without a reset")
    func overrun() throws {
        var limits = FeedLimits()
        limits.replicaJoinWindow = .zero
        limits.frameBytes = 1
        let fixture = FeedFixture(feedLimits: limits, historyBytes: 6_000)
        fixture.writer.endBootstrap()
        fixture.publish()
        let stream = try fixture.follow()
        var follower = FollowerModel()
        follower.needsEveryStep = false
        try follower.read(stream)
        for round in 1...3 {
            let before = fixture.writer.seq
            for value in 0..<5_000 { try fixture.put("k\(value % 40)", value + round) }
            fixture.publish()
            #expect(fixture.store.snapshot?.history.floor ?? 0 > before)
            // Writes go on while it reads.
            for value in 0..<200 {
                try follower.read(stream, now: .seconds(round), budget: 1, calls: 1)
                try fixture.put("k\(value % 7)", value)
                fixture.publish()
            }
            try follower.read(stream, now: .seconds(round) + .milliseconds(500))
            #expect(follower.map == fixture.writer.snapshot().itemsByKey)
            #expect(follower.bookmark?.seq == fixture.writer.seq)
        }
        #expect(!follower.summary.contains("reset"))
        // The last were steps again.
        let seqs = follower.lines.compactMap { $0.operation == nil ? nil : $0.id?.seq }.suffix(100)
        #expect(zip(seqs, seqs.dropFirst()).allSatisfy { $1 == $0 + 1 })
    }

    @Test("a pass from 0 that the horizon overtakes begins again")
    func horizon() throws {
        var limits = FeedLimits()
        limits.replicaJoinWindow = .zero
        limits.frameBytes = 1
        let fixture = FeedFixture(feedLimits: limits, maximumTombstones: 2)
        try fixture.scan((0..<10).map { "k\($0)" }, value: 1)
        fixture.writer.endBootstrap()
        fixture.publish()
        let stream = try fixture.follow()
        var follower = FollowerModel()
        try follower.read(stream, budget: 1, calls: 2)
        #expect(follower.map.count == 1)
        for number in 0..<5 { try fixture.remove("k\(number)") }
        fixture.publish()
        try follower.read(stream, now: .seconds(1))
        #expect(follower.lines.contains { $0.text == #"{"event":"reset","reason":"position-gone"}"# })
        #expect(follower.map == fixture.writer.snapshot().itemsByKey)
        #expect(fixture.hub.reading.resetsTotal == [.positionGone: 1])
    }

    @Test("removals before the pass began do not end it, however far the horizon rises among them")
    func horizonBeforeStart() throws {
        var limits = FeedLimits()
        limits.replicaJoinWindow = .zero
        limits.frameBytes = 1
        let fixture = FeedFixture(feedLimits: limits, maximumTombstones: 4)
        try fixture.scan((0..<10).map { "k\($0)" }, value: 1)
        fixture.writer.endBootstrap()
        for number in 0..<4 { try fixture.remove("k\(number)") }
        fixture.publish()
        let stream = try fixture.follow()
        var follower = FollowerModel()
        try follower.read(stream, budget: 1, calls: 2)
        try fixture.remove("k9")
        fixture.publish()
        #expect(fixture.store.snapshot?.horizon == 11)
        try follower.read(stream, now: .seconds(1))
        #expect(!follower.summary.contains("reset"))
        #expect(follower.map == fixture.writer.snapshot().itemsByKey)
    }

    @Test("a rebuild is a reset; contents that are withdrawn are forgotten, and told from 0 when they come back")
    func rebuild() throws {
        let fixture = try Self.fixture()
        fixture.publish()
        let stream = try fixture.follow()
        var follower = FollowerModel()
        try follower.read(stream)
        fixture.rebuild(epoch: "bbbbbbbb")
        try fixture.scan(["z"], value: 9)
        fixture.writer.endBootstrap()
        fixture.publish()
        follower.forgetLines()
        try follower.read(stream, now: .seconds(1))
        #expect(follower.summary == ["reset", "contents", "put 1 snapshot", "ready", "bookmark"])
        follower.forgetLines()
        fixture.store.withdraw()
        try follower.read(stream, now: .seconds(2))
        #expect(follower.summary == ["reset", "busy"])
        #expect(follower.lines[1].strings["reason"] == "rebuilding")
        fixture.publish()
        follower.forgetLines()
        try follower.read(stream, now: .seconds(3))
        #expect(follower.summary == ["contents", "put 1 snapshot", "ready", "bookmark"])
    }

    @Test("the source is told while there are no contents, and again when its chain changes")
    func source() throws {
        let chain = Mutex(["me"])
        let fixture = FeedFixture(source: { ReplicaSource(chain: chain.withLock { $0 }) })
        let stream = try fixture.follow()
        var follower = FollowerModel()
        try follower.read(stream)
        #expect(
            follower.lines.map(\.text) == [
                #"{"event":"source","protocol":1,"chain":["me"]}"#,
                #"{"event":"busy","reason":"syncing","detail":"scanning"}"#,
            ]
        )
        follower.forgetLines()
        try follower.read(stream, now: .milliseconds(250))
        #expect(follower.lines.isEmpty)
        chain.withLock { $0 = ["me", "other"] }
        try follower.read(stream, now: .milliseconds(500))
        #expect(follower.lines.map(\.text) == [#"{"event":"source","protocol":1,"chain":["me","other"]}"#])
        follower.forgetLines()
        try follower.read(stream, now: .seconds(16))
        #expect(follower.summary == ["busy"])
    }

    @Test("a follower resumes exactly: with steps where the history has them, else with rows")
    func resume() throws {
        let fixture = try Self.fixture()
        fixture.publish()
        var follower = FollowerModel()
        let stream = try fixture.follow()
        try follower.read(stream)
        stream.finished(.clientGone)
        for value in 0..<4 { try fixture.put("a", value) }
        fixture.publish()
        let mark = try #require(follower.bookmark)
        follower.forgetLines()
        follower.reconnect()
        try follower.read(try fixture.follow(.position(mark)), now: .seconds(1))
        #expect(follower.summary.prefix(3) == ["source", "hello", "contents"])
        #expect(
            follower.summary.dropFirst(3) == [
                "put 3 stream", "put 4 stream", "put 5 stream", "put 6 stream", "ready", "bookmark",
            ]
        )
        let future = Position(epoch: mark.epoch, seq: 99)
        var other = FollowerModel()
        try other.read(try fixture.follow(.position(future)))
        #expect(other.lines.first { $0.event == "reset" }?.strings["reason"] == "future-position")
    }

    @Test("a drained follower is told when to come back, one whose token was removed why")
    func goodbyes() throws {
        let fixture = try Self.fixture()
        fixture.publish()
        let stream = try fixture.follow()
        var follower = FollowerModel()
        try follower.read(stream)
        stream.drain()
        try follower.read(stream, now: .seconds(1))
        let last = try #require(follower.lines.last)
        #expect(follower.lastStep == .end)
        #expect(last.event == "bye" && last.id?.seq == 2 && last.strings["reason"] == "draining")
        #expect(last.text.contains(#""retry_ms":"#))
        let other = try fixture.follow()
        var revoked = FollowerModel()
        try revoked.read(other)
        other.withdraw(.revoked)
        try revoked.read(other)
        #expect(revoked.lines.last?.strings["reason"] == "revoked" && revoked.lastStep == .end)
        stream.finished(.completed)
        other.finished(.completed)
        #expect(fixture.hub.reading.followers == 0 && fixture.hub.reading.subscribers == 0)
        #expect(fixture.hub.views.count == 0)
    }

    @Test("a follower of some keys is told of no others, nor how many there are")
    func part() throws {
        let fixture = try Self.fixture()
        fixture.publish()
        let filter = FeedFilter { schema throws(FeedFilterError) in
            do {
                let lower = try ItemKey(partition: .string("b"), schema: schema).bytes
                return ItemFilter(keys: KeyRange(lower: lower, upper: nil))
            } catch {
                throw FeedFilterError(detail: "\(error)")
            }
        }
        var follower = FollowerModel()
        let stream = try fixture.follow(isPartial: true, filter: filter)
        try follower.read(stream)
        #expect(follower.summary == ["source", "hello", "contents", "put 2 snapshot", "ready", "bookmark"])
        #expect(follower.lines[2].text.hasSuffix(#""partial":true}"#))
        #expect(follower.lines[4].items == nil && follower.lines[5].items == nil)
        #expect(follower.lines[5].strings["digest"] == nil)
    }

    @Test("followers that join together share one pass, also while a writer writes")
    func sharing() throws {
        let fixture = FeedFixture(historyBytes: 8 << 20)
        try fixture.scan((0..<6_000).map { "key\($0)" }, value: 1)
        fixture.writer.endBootstrap()
        fixture.publish()
        // One alone, to count the frames of a pass.
        var alone = FollowerModel()
        let single = try fixture.follow()
        try alone.read(single)
        #expect(alone.map.isEmpty && alone.lastStep == .wait(until: .milliseconds(250)))
        try alone.read(single, now: .milliseconds(500))
        let pass = fixture.hub.reading.framesEncodedTotal
        #expect(alone.map.count == 6_000 && pass > 40)

        var followers = [FollowerModel(), FollowerModel(), FollowerModel()]
        let streams = try followers.map { _ in try fixture.follow() }
        var now = Duration.seconds(100)
        for index in followers.indices {
            try followers[index].read(streams[index], now: now + .milliseconds(index * 100))
        }
        now += .milliseconds(500)
        for tick in 0..<2_000 where followers.contains(where: { $0.bookmark == nil }) {
            // Each as fast as its own socket.
            for index in followers.indices {
                for _ in 0...index { try followers[index].read(streams[index], now: now, calls: 1) }
            }
            try fixture.put("key\(tick * 7919 % 6_000)", tick)
            fixture.publish()
            now += .milliseconds(20)
        }
        let encoded = fixture.hub.reading.framesEncodedTotal - pass
        for index in followers.indices {
            try followers[index].read(streams[index], now: now + .seconds(1))
            #expect(followers[index].map == fixture.writer.snapshot().itemsByKey)
        }
        #expect(encoded < pass + pass / 3)
    }
}
