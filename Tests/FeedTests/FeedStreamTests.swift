import HTTPServer
import ItemQuery
import ReplicaStore
import TestTools
import Testing

@testable import Feed

@Suite struct FeedStreamTests {
    private func filled(_ limits: FeedLimits = FeedLimits()) throws -> FeedFixture {
        let fixture = FeedFixture(feedLimits: limits)
        try fixture.scan(["a", "b", "c"], value: 1)
        fixture.publish()
        return fixture
    }

    @Test("says hello, sends every row as a snapshot, then ready, then changes as they come")
    func snapshotThenLive() throws {
        let fixture = try filled()
        let stream = fixture.stream()
        var client = MapClient()
        try client.read(stream)
        #expect(client.names() == ["hello", "message", "message", "message", "ready"])
        #expect(client.events[0].data == #"{"position":"aaaaaaaa.3","time":"2023-11-14T22:13:20.123Z"}"#)
        #expect(
            client.events[1]
                == ReceivedEvent(
                    id: "aaaaaaaa.1",
                    data: #"{"op":"put","key":{"id":"a"},"item":{"id":"a","v":1},"id":"aaaaaaaa.1","cause":"snapshot"}"#
                )
        )
        #expect(client.events[4].id == "aaaaaaaa.3")
        #expect(client.events[4].data == #"{"position":"aaaaaaaa.3","lag_ms":7,"items":3}"#)
        #expect(client.lastStep == .wait(until: .seconds(15)))

        try fixture.put("b", 2)
        try fixture.remove("a")
        fixture.publish()
        try client.read(stream, now: .seconds(1))
        #expect(client.events.suffix(2).map(\.id) == ["aaaaaaaa.4", "aaaaaaaa.5"])
        #expect(
            client.events.last?.data
                == #"{"op":"remove","key":{"id":"a"},"id":"aaaaaaaa.5","version":"1000000000000000002","#
                + #""at":"2023-11-14T22:13:20.000Z","cause":"stream"}"#
        )
        #expect(client.map == ["b": 2, "c": 1])
    }

    @Test(
        "says reset and busy when the contents are withdrawn, stays open, and goes on with a snapshot of the new ones"
    )
    func withdrawn() throws {
        let fixture = try filled()
        let stream = fixture.stream()
        var client = MapClient()
        try client.read(stream)
        fixture.store.withdraw()
        let before = client.events.count
        try client.read(stream, now: .seconds(1))
        try client.read(stream, now: .seconds(2))
        #expect(client.names().dropFirst(before) == ["reset", "busy"])
        #expect(client.events.last?.data == #"{"reason":"rebuilding","detail":"scanning"}"#)
        #expect(client.lastStep == .wait(until: .seconds(16)))
        fixture.rebuild(epoch: "bbbbbbbb")
        try fixture.scan(["a", "z"], value: 9)
        fixture.publish()
        try client.read(stream, now: .seconds(3))
        #expect(client.names().dropFirst(before + 2) == ["message", "message", "ready"])
        #expect(client.map == ["a": 9, "z": 9])
        // A rebuild that serves on is told as ever.
        fixture.rebuild(epoch: "cccccccc")
        try fixture.scan(["c"], value: 1)
        fixture.publish()
        try client.read(stream, now: .seconds(4))
        #expect(client.map == ["c": 1])
    }

    @Test("writes the typed form when asked for it")
    func typedForm() throws {
        let fixture = try filled()
        var client = MapClient()
        var output: [UInt8] = []
        _ = fixture.stream(.make { $0.representation.format = .dynamodb }).produce(
            into: &output,
            budget: 65_536,
            now: .zero
        )
        let first = try #require(ReceivedEvent.parse(String(decoding: output, as: UTF8.self)).dropFirst().first)
        #expect(
            first.data
                == #"{"op":"put","key":{"id":{"S":"a"}},"item":{"id":{"S":"a"},"v":{"N":"1"}},"id":"aaaaaaaa.1","#
                + #""cause":"snapshot"}"#
        )
        try client.read(fixture.stream())
        #expect(client.map.count == 3)
    }

    @Test("resumes after a position without a snapshot, removals included")
    func resumes() throws {
        let fixture = try filled()
        try fixture.remove("c")
        try fixture.put("d", 4)
        fixture.publish()
        let position = try #require(Position("aaaaaaaa.3"))
        var client = MapClient()
        try client.read(fixture.stream(.make { $0.start = .position(position) }))
        #expect(client.names() == ["hello", "message", "message", "ready"])
        #expect(client.events[1].data.hasPrefix(#"{"op":"remove","key":{"id":"c"}"#))
    }

    @Test(
        "answers a position that cannot be resumed with a reset and a snapshot",
        arguments: [
            ("nonsense", "unreadable-position"), ("bbbbbbbb.2", "other-epoch"), ("aaaaaaaa.99", "future-position"),
            ("aaaaaaaa.03", "unreadable-position"),
        ]
    )
    func unresumable(id: String, reason: String) throws {
        let fixture = try filled()
        var client = MapClient()
        try client.read(fixture.stream(.make { $0.start = FeedStart(lastEventID: id) }))
        #expect(client.names() == ["hello", "reset", "message", "message", "message", "ready"])
        #expect(client.events[1].data == "{\"reason\":\"\(reason)\"}")
        #expect(client.events[1].id == nil)
    }

    @Test("answers a position from before the oldest removal it can tell with a reset")
    func horizonPassed() throws {
        let fixture = FeedFixture(maximumTombstones: 1)
        try fixture.scan(["a", "b", "c"], value: 1)
        fixture.writer.endBootstrap()
        for id in ["a", "b"] { try fixture.remove(id) }
        fixture.publish()
        let position = try #require(Position("aaaaaaaa.3"))
        var client = MapClient()
        try client.read(fixture.stream(.make { $0.start = .position(position) }))
        #expect(client.events[1].data == #"{"reason":"position-gone"}"#)
        #expect(client.map == ["c": 1])
    }

    @Test("starts over in-band when the replica was rebuilt")
    func rebuilt() throws {
        let fixture = try filled()
        let stream = fixture.stream()
        var client = MapClient()
        try client.read(stream)
        fixture.rebuild(epoch: "bbbbbbbb")
        try fixture.scan(["x"], value: 9)
        fixture.publish()
        try client.read(stream, now: .seconds(1))
        #expect(client.names().suffix(3) == ["reset", "message", "ready"])
        #expect(client.map == ["x": 9])
        #expect(client.lastID == "bbbbbbbb.1")
    }

    @Test("sends only what comes next for since=now, with an id at once")
    func now() throws {
        let fixture = try filled()
        let stream = fixture.stream(.make { $0.start = .now })
        var client = MapClient()
        try client.read(stream)
        #expect(client.names() == ["hello", "ready"])
        #expect(client.lastID == "aaaaaaaa.3")
        try fixture.put("b", 5)
        fixture.publish()
        try client.read(stream)
        #expect(client.map == ["b": 5])
    }

    @Test("leaves the snapshot out or puts it in when told")
    func policies() throws {
        let fixture = try filled()
        var never = MapClient()
        try never.read(fixture.stream(.make { $0.snapshot = .never }))
        #expect(never.names() == ["hello", "ready"])
        let position = try #require(Position("aaaaaaaa.3"))
        var always = MapClient()
        try always.read(
            fixture.stream(
                .make {
                    $0.start = .position(position); $0.snapshot = .always
                }
            )
        )
        #expect(always.map.count == 3)
    }

    @Test("sends a bookmark after silence, and not before")
    func bookmarks() throws {
        let fixture = try filled()
        let stream = fixture.stream(
            .make {
                $0.start = .now; $0.heartbeat = .seconds(2)
            }
        )
        var client = MapClient()
        try client.read(stream)
        #expect(client.lastStep == .wait(until: .seconds(2)))
        try client.read(stream, now: .milliseconds(1999))
        #expect(client.names() == ["hello", "ready"])
        try client.read(stream, now: .seconds(2))
        #expect(client.names() == ["hello", "ready", "bookmark"])
        #expect(client.events.last?.id == "aaaaaaaa.3")
        #expect(client.lastStep == .wait(until: .seconds(4)))
    }

    @Test("stays open and says busy until the replica is complete")
    func busy() throws {
        let fixture = FeedFixture()
        let stream = fixture.stream(.make { $0.heartbeat = .seconds(3) })
        var client = MapClient()
        try client.read(stream)
        #expect(client.events == [ReceivedEvent(name: "busy", data: #"{"reason":"syncing","detail":"scanning"}"#)])
        #expect(client.lastStep == .wait(until: .seconds(3)))
        try client.read(stream, now: .seconds(1))
        #expect(client.events.count == 1)
        try client.read(stream, now: .seconds(3))
        #expect(client.names() == ["busy", "busy"])
        try fixture.scan(["a"], value: 1)
        fixture.publish()
        try client.read(stream, now: .seconds(4))
        #expect(client.names() == ["busy", "busy", "hello", "message", "ready"])
    }

    @Test("ends after the number of changes asked for, exactly", arguments: [1, 2, 3])
    func limit(count: Int) throws {
        let fixture = try filled()
        var client = MapClient()
        try client.read(fixture.stream(.make { $0.limit = count }))
        #expect(client.map.count == count)
        #expect(client.events.last == ReceivedEvent(name: "bye", data: #"{"reason":"limit"}"#))
        #expect(client.lastStep == .end)
    }

    @Test("ends after the time asked for")
    func timeout() throws {
        let fixture = try filled()
        let stream = fixture.stream(.make { $0.timeout = .seconds(5) })
        var client = MapClient()
        try client.read(stream, now: .seconds(100))
        #expect(client.lastStep == .wait(until: .seconds(105)))
        try client.read(stream, now: .seconds(105))
        #expect(client.events.last == ReceivedEvent(id: "aaaaaaaa.3", name: "bye", data: #"{"reason":"timeout"}"#))
        #expect(client.lastStep == .end)
    }

    @Test("says goodbye and when to come back when the server drains")
    func drain() throws {
        let fixture = try filled()
        let stream = fixture.stream()
        var client = MapClient()
        try client.read(stream)
        stream.drain()
        var output: [UInt8] = []
        #expect(stream.produce(into: &output, budget: 65_536, now: .seconds(1)) == .end)
        let text = String(decoding: output, as: UTF8.self)
        #expect(text.hasPrefix("retry: "))
        #expect(text.hasSuffix("event: bye\ndata: {\"reason\":\"draining\"}\n\n"))
    }

    @Test("refuses one subscriber too many with busy, and takes another when one has left")
    func places() throws {
        var limits = FeedLimits()
        limits.maximumSubscribers = 1
        let fixture = try filled(limits)
        let first = fixture.stream()
        var client = MapClient()
        try client.read(first)
        var refused = MapClient()
        let second = fixture.stream()
        try refused.read(second)
        #expect(refused.names() == ["busy"])
        #expect(refused.lastStep == .end)
        second.finished(.completed)
        #expect(fixture.hub.reading.subscribers == 1)
        first.finished(.clientGone)
        #expect(fixture.hub.reading.subscribers == 0)
        var third = MapClient()
        try third.read(fixture.stream())
        #expect(third.isReady)
        #expect(fixture.hub.reading.refusedTotal == 1)
    }

    @Test("encodes a change once for all subscribers at the same position")
    func shares() throws {
        let fixture = try filled()
        let streams = (0..<50).map { _ in fixture.stream() }
        var clients = Array(repeating: MapClient(), count: streams.count)
        for index in streams.indices { try clients[index].read(streams[index]) }
        #expect(fixture.hub.reading.framesEncodedTotal == 1)
        try fixture.put("a", 8)
        fixture.publish()
        for index in streams.indices { try clients[index].read(streams[index]) }
        #expect(fixture.hub.reading.framesEncodedTotal == 2)
        #expect(fixture.hub.reading.framesSharedTotal == 98)
        #expect(clients.allSatisfy { $0.map == ["a": 8, "b": 1, "c": 1] })
    }

    @Test("gives a slow reader the newest state of each key, once")
    func conflates() throws {
        let fixture = try filled()
        let stream = fixture.stream(.make { $0.start = .now })
        var client = MapClient()
        try client.read(stream)
        for value in 1...100 {
            try fixture.put("hot", value)
            fixture.publish()
        }
        try client.read(stream)
        #expect(client.names() == ["hello", "ready", "message"])
        #expect(client.map == ["hot": 100])
    }
}
