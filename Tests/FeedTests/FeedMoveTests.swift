import HTTPServer
import ItemQuery
import ReplicaStore
import TableModel
import TestTools
import Testing

@testable import Feed

/// Subscribers that come from another replica of the stream.
@Suite struct FeedMoveTests {
    private static let tag = StreamTag(hash: 5)

    /// A replica with the keys k1 to k6, written a minute apart from 60 s on, each with `v` as its number.
    private static func replica(low: Int64, provesAll: Bool = false) throws -> (
        store: ReplicaStore, hub: FeedHub, writer: GenerationWriter
    ) {
        let writer = GenerationWriter(
            epoch: FeedFixture.epoch("bbbbbbbb"),
            keySchema: FeedFixture.schema,
            limits: StoreLimits()
        )
        writer.endBootstrap()
        writer.follow(tag, since: 0)
        for number in 1...6 {
            let time = Int64(number) * 60_000
            try write(number, at: time, to: writer)
            if provesAll { writer.completed(time) }
        }
        writer.completed(low)
        let store = ReplicaStore()
        store.publish(writer.snapshot())
        var limits = FeedLimits()
        limits.frameBytes = 1
        let hub = FeedHub(
            store: store,
            limits: limits,
            wallMilliseconds: { 0 },
            conditions: { FeedConditions(lagMilliseconds: nil, reason: "") }
        )
        return (store, hub, writer)
    }

    private static func write(_ number: Int, value: Int? = nil, at: Int64, to writer: GenerationWriter) throws {
        let id = "k\(number)"
        let change = Change(
            key: try ItemKey(partition: .string(id), schema: FeedFixture.schema),
            outcome: .put(FeedFixture.item(id, value ?? number)),
            version: SequenceNumber(String(at)),
            at: at,
            cause: .stream
        )
        #expect(writer.apply(change))
    }

    private static func position(low: Int64, high: Int64, stream: StreamTag = tag) -> Position {
        let marks = Watermarks(stream: stream, low: low, high: high)
        return Position(epoch: FeedFixture.epoch("aaaaaaaa"), seq: 77, watermarks: marks)
    }

    private static func stream(
        _ hub: FeedHub,
        from position: Position,
        mode: FeedMode = .latest,
        filter: FeedFilter? = nil
    ) -> FeedStream {
        let request = FeedRequest.make { request in
            request.start = .position(position)
            request.mode = mode
            request.heartbeat = .seconds(1)
            request.filter = filter
        }
        return FeedStream(hub: hub, request: request, permit: hub.admit(address: 1))
    }

    private static func read(
        _ stream: FeedStream,
        now: Duration = .zero,
        budget: Int = 65_536,
        events: Int = .max
    ) -> [ReceivedEvent] {
        var all: [ReceivedEvent] = []
        while all.count < events {
            var output: [UInt8] = []
            let step = stream.produce(into: &output, budget: budget, now: now)
            all += ReceivedEvent.parse(String(decoding: output, as: UTF8.self))
            if step != .again { break }
        }
        return all
    }

    @Test("a move says where it is from, and repeats the overlap")
    func moves() throws {
        let (_, hub, _) = try Self.replica(low: 400_000)
        let position = Self.position(low: 250_000, high: 250_000)
        let events = Self.read(Self.stream(hub, from: position))
        #expect(events.map(\.name) == ["hello", "moved", "message", "message", "ready"])
        #expect(events[1].data == #"{"from":"\#(position)","overlap_s":10}"#)
        #expect(events[1].id == nil)
        #expect(events[2].data.contains(#""key":{"id":"k5"}"#))
        #expect(hub.reading.movesTotal == 1 && hub.reading.resetsTotal.isEmpty)
    }

    @Test("in the mode all the steps that the subscriber may have had are marked")
    func marks() throws {
        let (_, hub, _) = try Self.replica(low: 400_000)
        let events = Self.read(Self.stream(hub, from: Self.position(low: 200_000, high: 300_000), mode: .all))
        let changes = events.filter { $0.name == "message" }
        #expect(changes.map { $0.data.contains(#""repeat":true"#) } == [true, true, false])
    }

    @Test("nothing is sent before the replica has what the subscriber may hold")
    func waits() throws {
        let (store, hub, writer) = try Self.replica(low: 299_999)
        let stream = Self.stream(hub, from: Self.position(low: 250_000, high: 300_000))
        #expect(Self.read(stream).map(\.name) == ["hello"])
        #expect(Self.read(stream, now: .seconds(1)).map(\.name) == ["busy"])
        writer.completed(300_000)
        store.refresh(writer.snapshot())
        #expect(Self.read(stream, now: .seconds(2)).map(\.name).first == "moved")
    }

    @Test("who waited for too long is told to come back")
    func patience() throws {
        let (_, hub, _) = try Self.replica(low: 299_999)
        let stream = Self.stream(hub, from: Self.position(low: 250_000, high: 300_000))
        _ = Self.read(stream)
        var output: [UInt8] = []
        #expect(stream.produce(into: &output, budget: 65_536, now: .seconds(10)) == .end)
        let events = ReceivedEvent.parse(String(decoding: output, as: UTF8.self))
        #expect(events.map(\.name) == ["busy"] && events[0].data.contains(#""reason":"behind""#))
    }

    @Test("a position that cannot be placed is a reset with its reason")
    func obstacles() throws {
        let (_, hub, _) = try Self.replica(low: 400_000)
        let young = Self.read(Self.stream(hub, from: Self.position(low: 9_999, high: 9_999)))
        #expect(young[1].name == "reset" && young[1].data.contains("other-epoch"))
        let foreign = Self.position(low: 250_000, high: 250_000, stream: StreamTag(hash: 6))
        let other = Self.read(Self.stream(hub, from: foreign))
        #expect(other[1].name == "reset" && other[1].data.contains("other-stream"))
    }

    @Test("who wants a snapshot in any case gets one, and is not moved")
    func snapshot() throws {
        let (_, hub, _) = try Self.replica(low: 100_000)
        let request = FeedRequest.make { request in
            request.start = .position(Self.position(low: 350_000, high: 350_000))
            request.snapshot = .always
        }
        let events = Self.read(FeedStream(hub: hub, request: request, permit: hub.admit(address: 1)))
        #expect(events.map(\.name) == ["hello"] + Array(repeating: "message", count: 6) + ["ready"])
    }

    @Test("who is cut off in a move takes along what it held before, to this replica and to the next")
    func cutOff() throws {
        let (_, hub, _) = try Self.replica(low: 400_000)
        let position = Self.position(low: 150_000, high: 350_000)
        // Up to the first step: the subscriber still holds states up to 350 s.
        let events = Self.read(Self.stream(hub, from: position, mode: .all), budget: 1, events: 3)
        let cut = try #require(events.last?.id.flatMap(Position.init))
        #expect(cut.epoch == FeedFixture.epoch("bbbbbbbb") && cut.seq == 3)
        #expect(cut.watermarks?.high == 350_001)
        let rest = Self.read(Self.stream(hub, from: cut, mode: .all)).filter { $0.name == "message" }
        #expect(rest.map { $0.data.contains(#""repeat":true"#) } == [true, true, false])
        let middle = try #require(rest.first?.id.flatMap(Position.init))
        #expect(middle.seq == 4 && middle.watermarks?.high == 350_001)
        // Who has read all holds what this replica has.
        let end = try #require(rest.last?.id.flatMap(Position.init))
        #expect(end.seq == 6 && end.watermarks?.high == 360_001)
    }

    @Test(
        "ids of a first load bear the time of the head, also where steps follow",
        arguments: [FeedMode.latest, .all]
    )
    func cutOffInALoad(mode: FeedMode) throws {
        let (_, hub, writer) = try Self.replica(low: 400_000, provesAll: true)
        // A subscriber that is cut off lacks the keys that changed after its place: the next replica must have them.
        let from = Position(epoch: FeedFixture.epoch("cccccccc"), seq: 1)
        let stream = Self.stream(hub, from: from, mode: mode)
        let cut = Self.read(stream, budget: 1, events: 4).compactMap { $0.id.flatMap(Position.init) }
        let last = try #require(cut.last)
        #expect(last.epoch == writer.epoch && (1...5).contains(last.seq))
        #expect(last.watermarks?.high == 360_000)
        // The ids of the rest, up to `ready`, bear it too.
        let rest = Self.read(stream).compactMap { $0.id.flatMap(Position.init) }
        #expect(rest.count >= 3 && rest.allSatisfy { $0.watermarks?.high == 360_000 })
    }

    @Test("a subscriber that was cut off in a move waits for a replica that has lost states again")
    func cutOffBehind() throws {
        let (store, hub, writer) = try Self.replica(low: 100_000)
        var cut = Self.position(low: 150_000, high: 400_000)
        cut = Position(epoch: FeedFixture.epoch("bbbbbbbb"), seq: 3, watermarks: cut.watermarks)
        let stream = Self.stream(hub, from: cut)
        #expect(Self.read(stream).map(\.name) == ["hello"])
        writer.completed(400_000)
        store.refresh(writer.snapshot())
        let events = Self.read(stream, now: .seconds(1))
        #expect(events.map(\.name) == ["message", "message", "message", "ready"])
    }

    @Test("a subscriber of a filter is told what left it, whatever of it the other replica showed")
    func leaves() throws {
        let (store, hub, writer) = try Self.replica(low: 360_000)
        // The other replica showed k6 in the filter, and then it left.
        try Self.write(6, value: 90, at: 400_000, to: writer)
        writer.completed(400_000)
        store.publish(writer.snapshot())
        let predicate = try WhereExpression("v < 50")
        let filter = FeedFilter { _ throws(FeedFilterError) in ItemFilter(predicate: predicate) }
        let position = Self.position(low: 365_000, high: 370_000)
        let events = Self.read(Self.stream(hub, from: position, filter: filter)).filter { $0.name == "message" }
        #expect(events.count == 1)
        #expect(events.first?.data.contains(#""op":"remove","key":{"id":"k6"}"#) == true)
    }
}
