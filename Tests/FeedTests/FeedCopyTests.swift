import HTTPServer
import ItemQuery
import ReplicaStore
import TableModel
import TestTools
import Testing

@testable import Feed

/// Readers that go from a replica to a copy of it, which has the same epoch and seqs and may be behind.
@Suite struct FeedCopyTests {
    private static let tag = StreamTag(hash: 5)
    private static let second: Int64 = 1_700_000_000_000

    /// A leader with `count` writes of one second to ten keys, after the proof of the second before.
    private static func leader(_ count: Int) throws -> GenerationWriter {
        let writer = GenerationWriter(
            epoch: FeedFixture.epoch("aaaaaaaa"),
            keySchema: FeedFixture.schema,
            limits: StoreLimits()
        )
        writer.follow(tag, since: 0)
        writer.endBootstrap()
        writer.completed(second - 1_000)
        for number in 1...count { try write(number, to: writer) }
        return writer
    }

    private static func write(_ number: Int, to writer: GenerationWriter) throws {
        let id = "k\(number % 10)"
        let change = Change(
            key: try ItemKey(partition: .string(id), schema: FeedFixture.schema),
            outcome: .put(FeedFixture.item(id, number)),
            version: SequenceNumber(String(1_000 + number)),
            at: second,
            cause: .stream
        )
        #expect(writer.apply(change))
    }

    /// A copy of all that `leader` has, with a hub over it.
    private final class Follower {
        let store = ReplicaStore()
        let hub: FeedHub
        let writer: GenerationWriter

        init(of leader: GenerationWriter) throws {
            writer = GenerationWriter(
                epoch: leader.epoch,
                keySchema: FeedFixture.schema,
                limits: StoreLimits()
            )
            hub = FeedHub(
                store: store,
                wallMilliseconds: { 0 },
                conditions: { FeedConditions(lagMilliseconds: nil, reason: "") }
            )
            writer.beginCopy()
            writer.follow(tag, since: 0)
            try catchUp(with: leader)
            writer.completed(second - 1_000)
            publish()
        }

        func catchUp(with leader: GenerationWriter) throws {
            let snapshot = leader.snapshot()
            var outcomes: [CopyOutcome] = []
            snapshot.forEachChange(after: writer.seq) { record in
                record.withKeyBytes { key in
                    record.withPackedItem { item in
                        outcomes.append(
                            writer.copy(
                                StoredRecord(
                                    seq: record.seq,
                                    at: record.at,
                                    cause: record.cause,
                                    version: record.version.flatMap(SequenceNumber.init),
                                    key: key,
                                    item: record.isTombstone ? nil : item
                                )
                            )
                        )
                    }
                }
                return true
            }
            try #require(outcomes.allSatisfy { $0 == .applied })
            writer.settleCopy(at: snapshot.position.seq, horizon: snapshot.horizon)
        }

        func publish() { store.publish(writer.snapshot()) }

        func read(_ stream: FeedStream, now: Duration = .zero) -> (events: [ReceivedEvent], step: StreamStep) {
            var events: [ReceivedEvent] = []
            while true {
                var output: [UInt8] = []
                let step = stream.produce(into: &output, budget: 65_536, now: now)
                events += ReceivedEvent.parse(String(decoding: output, as: UTF8.self))
                if step != .again { return (events, step) }
            }
        }

        func stream(_ start: FeedStart, mode: FeedMode = .latest) -> FeedStream {
            let request = FeedRequest.make { request in
                request.start = start
                request.mode = mode
            }
            return FeedStream(hub: hub, request: request, permit: hub.admit(address: 1))
        }
    }

    @Test(
        "a position ahead of a copy waits until the copy has it, and then goes on exactly",
        arguments: [FeedMode.latest, .all]
    )
    func ahead(mode: FeedMode) throws {
        let leader = try Self.leader(990)
        let follower = try Follower(of: leader)
        for number in 991...1000 { try Self.write(number, to: leader) }
        let stream = follower.stream(.position(leader.snapshot().position), mode: mode)
        #expect(follower.read(stream).events.map(\.name) == ["hello"])
        try follower.catchUp(with: leader)
        try Self.write(1001, to: leader)
        follower.publish()
        #expect(follower.read(stream, now: .seconds(1)).events.map(\.name) == ["ready"])
        try follower.catchUp(with: leader)
        follower.publish()
        let events = follower.read(stream, now: .seconds(2)).events
        #expect(events.count == 1 && events[0].data.contains(#""v":1001"#))
    }

    @Test("a copy that does not come so far says busy, and ends the stream")
    func patience() throws {
        let leader = try Self.leader(990)
        let follower = try Follower(of: leader)
        try Self.write(991, to: leader)
        let stream = follower.stream(.position(leader.snapshot().position))
        _ = follower.read(stream)
        let (events, step) = follower.read(stream, now: .seconds(10))
        #expect(events.map(\.name) == ["busy"] && events[0].data.contains(#""reason":"behind""#) && step == .end)
        let page = try ChangesPage(
            hub: follower.hub,
            request: .make { $0.start = .position(leader.snapshot().position) },
            snapshot: follower.writer.snapshot(),
            now: .zero
        )
        guard case .behind = page.read(follower.writer.snapshot(), now: .zero) else {
            Issue.record("a page of a copy that is behind")
            return
        }
    }

    @Test("the same position at the replica itself is one of the future")
    func future() throws {
        let fixture = FeedFixture()
        fixture.writer.endBootstrap()
        fixture.publish()
        var client = MapClient()
        let position = Position(epoch: fixture.writer.epoch, seq: 7)
        try client.read(fixture.stream(.make { $0.start = .position(position) }))
        #expect(client.events.contains { $0.name == "reset" && $0.data.contains("future-position") })
    }

    @Test(
        "pages of a leader and of a copy of it within one second: the copy tells nothing older than what a page showed"
    )
    func pagesOfSiblings() throws {
        let leader = try Self.leader(990)
        let follower = try Follower(of: leader)
        let behind = follower.writer.snapshot().position
        for number in 991...1000 { try Self.write(number, to: leader) }
        let first = leader.snapshot().position
        #expect(first.watermarks?.high == behind.watermarks?.high)
        for merged in [first.merged(with: behind), behind.merged(with: first)] {
            #expect(merged.epoch == leader.epoch && merged.seq == 990)
            let stream = follower.stream(.position(merged))
            #expect(follower.read(stream).events.map(\.name) == ["hello"])
            // Part of what the leader's page showed: still nothing.
            follower.writer.completed(Self.second - 500)
            follower.store.refresh(follower.writer.snapshot())
            #expect(follower.read(stream, now: .seconds(1)).events.isEmpty)
        }
        let merged = behind.merged(with: first)
        let stream = follower.stream(.position(merged))
        _ = follower.read(stream)
        try follower.catchUp(with: leader)
        follower.writer.completed(Self.second)
        follower.publish()
        let events = follower.read(stream, now: .seconds(1)).events
        #expect(events.count == 11 && events.last?.name == "ready")
        #expect(events.first?.data.contains(#""v":991"#) == true)
    }

    @Test("three pages of three replicas keep the mark that a later state was shown")
    func threePages() throws {
        let leader = try Self.leader(990)
        let low = leader.snapshot().position
        for number in 991...1000 { try Self.write(number, to: leader) }
        let high = leader.snapshot().position
        let merged = high.merged(with: low).merged(with: low)
        #expect(merged.seq == 990 && merged.watermarks.map { $0.high & 1 } == 1)
        #expect(low.merged(with: low) == low)
    }

    @Test("pages of one replica go on at once, exactly from the first page")
    func pagesOfOne() throws {
        let leader = try Self.leader(990)
        let first = leader.snapshot().position
        for number in 991...1000 { try Self.write(number, to: leader) }
        let store = ReplicaStore()
        store.publish(leader.snapshot())
        let hub = FeedHub(
            store: store,
            wallMilliseconds: { 0 },
            conditions: { FeedConditions(lagMilliseconds: nil, reason: "") }
        )
        let request = FeedRequest.make { $0.start = .position(first.merged(with: leader.snapshot().position)) }
        let stream = FeedStream(hub: hub, request: request, permit: hub.admit(address: 1))
        var output: [UInt8] = []
        _ = stream.produce(into: &output, budget: 65_536, now: .zero)
        let events = ReceivedEvent.parse(String(decoding: output, as: UTF8.self))
        #expect(events.map(\.name) == ["hello"] + Array(repeating: "message", count: 10) + ["ready"])
    }

    @Test("contents that take another name go on without a word, and positions of the old name resume exactly")
    func renamed() throws {
        for mode in [FeedMode.latest, .all] {
            let leader = try Self.leader(990)
            let follower = try Follower(of: leader)
            let shown = follower.writer.snapshot()
            let old = shown.position
            let stream = follower.stream(.position(old), mode: mode)
            #expect(follower.read(stream).events.map(\.name) == ["hello", "ready"])
            follower.writer.rename(FeedFixture.epoch("cccccccc"))
            try Self.write(991, to: follower.writer)
            follower.publish()
            for reader in [stream, follower.stream(.position(old), mode: mode)] {
                let changes = follower.read(reader, now: .seconds(1)).events.filter {
                    $0.name != "hello" && $0.name != "ready"
                }
                #expect(changes.map(\.name) == ["message"])
                #expect(changes.first?.id?.hasPrefix("cccccccc.991") == true)
            }
            #expect(follower.hub.reading.resetsTotal.isEmpty && follower.hub.reading.movesTotal == 0)
            // Readers of the old name keep what was replaced, and not all.
            #expect((1..<shown.itemBytes).contains(shown.bytesKept(beside: follower.writer.snapshot())))
            // After the change of name the two count apart.
            let later = follower.stream(.position(Position(epoch: old.epoch, seq: 991)), mode: mode)
            #expect(follower.read(later, now: .seconds(2)).events.map(\.name).dropFirst().first == "reset")
        }
    }

    @Test("a follower of a copy: behind it waits, of another epoch it is moved, by the new name it goes on")
    func followers() throws {
        let leader = try Self.leader(990)
        let follower = try Follower(of: leader)
        try Self.write(991, to: leader)
        func follow(_ position: Position) throws -> ReplicaStream {
            let request = FeedRequest.make { request in
                request.mode = .replica
                request.encoding = .lines
                request.representation = ItemRepresentation(format: .dynamodb)
                request.start = .position(position)
            }
            return ReplicaStream(
                hub: follower.hub,
                request: request,
                permit: try #require(follower.hub.admitFollower(address: 1)),
                isPartial: false
            )
        }
        let ahead = try follow(leader.snapshot().position)
        var model = FollowerModel()
        try model.read(ahead)
        #expect(model.summary == ["source", "hello", "contents"])
        try follower.catchUp(with: leader)
        follower.publish()
        model.forgetLines()
        // A follower that really holds what its position says would have the items; this one only counts lines.
        model.checksDigest = false
        try model.read(ahead, now: .seconds(1))
        #expect(model.summary == ["ready", "bookmark"])
        follower.writer.rename(FeedFixture.epoch("cccccccc"))
        try Self.write(992, to: follower.writer)
        follower.publish()
        model.forgetLines()
        try model.read(ahead, now: .seconds(2))
        #expect(model.summary == ["contents", "put 992 stream", "bookmark"])
        #expect(model.lines[0].strings["epoch"] == "cccccccc")

        follower.writer.completed(Self.second + 60_000)
        follower.publish()
        let marks = Watermarks(stream: Self.tag, low: Self.second + 20_000, high: Self.second + 20_000)
        let moving = try follow(Position(epoch: FeedFixture.epoch("dddddddd"), seq: 5, watermarks: marks))
        var moved = FollowerModel()
        moved.checksDigest = false
        try moved.read(moving)
        #expect(moved.summary == ["source", "hello", "contents", "moved", "contents", "ready", "bookmark"])
        // It counts by itself now, so nothing can be ahead of it.
        var early = FollowerModel()
        try early.read(try follow(Position(epoch: FeedFixture.epoch("cccccccc"), seq: 2_000)))
        #expect(early.lines.last { $0.event == "reset" }?.strings["reason"] == "future-position")
    }
}
