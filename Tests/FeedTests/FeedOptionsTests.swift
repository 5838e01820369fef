import Basics
import HTTPServer
import ItemQuery
import ReplicaStore
import TableModel
import TestTools
import Testing

@testable import Feed

/// What a subscriber may ask for beside its place.
@Suite struct FeedOptionsTests {
    private func live(_ limits: FeedLimits = FeedLimits(), historyBytes: Int = 1 << 20) throws -> FeedFixture {
        let fixture = FeedFixture(feedLimits: limits, historyBytes: historyBytes)
        try fixture.scan(["a", "b"], value: 1)
        fixture.writer.endBootstrap()
        fixture.publish()
        return fixture
    }

    private func bytes(_ stream: FeedStream, now: Duration = .zero) -> [UInt8] {
        var all: [UInt8] = []
        while true {
            var output: [UInt8] = []
            let step = stream.produce(into: &output, budget: 65_536, now: now)
            all += output
            if step != .again { return all }
        }
    }

    private func predicate(_ text: String) -> FeedFilter {
        FeedFilter { _ throws(FeedFilterError) in
            do { return ItemFilter(predicate: try WhereExpression(text)) } catch {
                throw FeedFilterError(detail: "\(error)")
            }
        }
    }

    @Test("an item that cannot be read is a removal with that cause: in the rows, as it happens, and through a filter")
    func unreadable() throws {
        let fixture = try live()
        try fixture.spoil("b")
        fixture.publish()
        var rows = MapClient()
        let stream = fixture.stream()
        try rows.read(stream)
        var filtered = MapClient()
        let some = fixture.stream(.make { $0.filter = predicate("v = 7") })
        try filtered.read(some)
        let steps = fixture.stream(
            .make {
                $0.mode = .all; $0.start = .now; $0.filter = predicate("v = 7")
            }
        )
        var all = MapClient()
        try all.read(steps)
        try fixture.spoil("a")
        fixture.publish()
        try rows.read(stream)
        try filtered.read(some)
        try all.read(steps)
        func told(_ client: MapClient) -> [String] {
            client.events.filter { $0.data.contains("unreadable") }.map {
                $0.data.contains(#""op":"remove","key":{"id":"a"}"#) ? "a" : "b"
            }
        }
        #expect(told(rows) == ["b", "a"])
        #expect(told(filtered) == ["b", "a"])
        #expect(told(all) == ["a"])
        #expect(rows.map.isEmpty)
    }

    @Test("every step is told with the old item, the names that changed, and a patch")
    func steps() throws {
        let fixture = try live()
        let old = fixture.stream(
            .make {
                $0.mode = .all; $0.difference = .old; $0.start = .now
            }
        )
        let patch = fixture.stream(
            .make {
                $0.mode = .all; $0.difference = .patch; $0.start = .now
            }
        )
        var client = MapClient()
        var other = MapClient()
        try client.read(old)
        try other.read(patch)
        for value in [2, 3] { try fixture.put("a", value) }
        try fixture.remove("a")
        try fixture.put("c", 1)
        fixture.publish()
        try client.read(old)
        try other.read(patch)
        let tails = client.events.dropFirst(2).map {
            $0.data.split(separator: "\"cause\":").last.map(String.init) ?? ""
        }
        #expect(
            tails == [
                #""stream","old":{"id":"a","v":1},"changed":["v"]}"#,
                #""stream","old":{"id":"a","v":2},"changed":["v"]}"#,
                #""stream","old":{"id":"a","v":3}}"#, #""stream","old":null,"changed":["id","v"]}"#,
            ]
        )
        let patches = other.events.dropFirst(2).map {
            $0.data.split(separator: "\"cause\":").last.map(String.init) ?? ""
        }
        #expect(
            patches == [
                #""stream","changed":["v"],"patch":[{"op":"replace","path":"/v","value":2}]}"#,
                #""stream","changed":["v"],"patch":[{"op":"replace","path":"/v","value":3}]}"#,
                #""stream"}"#, #""stream","changed":["id","v"]}"#,
            ]
        )
        #expect(client.map == ["c": 1])
    }

    @Test("a reader of every step that falls behind the history is told overrun and starts over")
    func overrun() throws {
        let fixture = try live(historyBytes: 4000)
        let stream = fixture.stream(.make { $0.mode = .all })
        var client = MapClient()
        try client.read(stream)
        for value in 2...400 { try fixture.put("a", value) }
        fixture.publish()
        try client.read(stream)
        #expect(client.names().contains("reset"))
        #expect(client.events.contains { $0.data == #"{"reason":"overrun"}"# })
        #expect(client.map == ["a": 400, "b": 1])
        // And so is one that comes back with such a position.
        let position = try #require(Position("aaaaaaaa.5"))
        #expect(
            FeedStream.obstacle(
                to: .make {
                    $0.mode = .all; $0.start = .position(position)
                },
                in: try #require(fixture.store.snapshot),
                overlap: fixture.hub.limits.resumeOverlap
            ) == .overrun
        )
    }

    @Test("a snapshot of a reader of every step goes on where it broke off")
    func brokenSnapshot() throws {
        var limits = FeedLimits()
        limits.frameBytes = 1
        let fixture = try live(limits)
        var client = MapClient()
        try client.read(fixture.stream(.make { $0.mode = .all }), cutAfter: 2)
        client = MapClient()
        try client.read(fixture.stream(.make { $0.mode = .all }), budget: 1, calls: 2, cutAfter: 2)
        let last = try #require(client.lastID)
        #expect(last == "aaaaaaaa.1")
        try fixture.put("c", 3)
        fixture.publish()
        try client.read(
            fixture.stream(
                .make {
                    $0.mode = .all; $0.start = FeedStart(lastEventID: last)
                }
            )
        )
        #expect(!client.names().contains("reset"))
        #expect(client.map == ["a": 1, "b": 1, "c": 3])
    }

    @Test("batch_ms gathers changes, and all who gather for the same time are served together")
    func batches() throws {
        let fixture = try live()
        let stream = fixture.stream(
            .make {
                $0.start = .now; $0.batch = .milliseconds(500)
            }
        )
        var client = MapClient()
        try client.read(stream, now: .milliseconds(10))
        try fixture.put("a", 2)
        fixture.publish()
        try client.read(stream, now: .milliseconds(20))
        #expect(client.map == ["a": 2])
        #expect(client.lastStep == .wait(until: .milliseconds(500)))
        for value in 3...9 {
            try fixture.put("a", value)
            fixture.publish()
            try client.read(stream, now: .milliseconds(value * 40))
        }
        #expect(client.map == ["a": 2])
        try client.read(stream, now: .milliseconds(500))
        #expect(client.map == ["a": 9])
        #expect(client.names() == ["hello", "ready", "message", "message"])
        #expect(client.lastStep == .wait(until: .seconds(1)))
    }

    @Test("between two batches nobody is asked: with nothing new the next look is the heartbeat's")
    func restAfterBatch() throws {
        let fixture = try live()
        let stream = fixture.stream(
            .make {
                $0.start = .now; $0.batch = .milliseconds(500); $0.heartbeat = .seconds(15)
            }
        )
        var client = MapClient()
        try client.read(stream, now: .milliseconds(10))
        try fixture.put("a", 2)
        fixture.publish()
        try client.read(stream, now: .milliseconds(20))
        #expect(client.lastStep == .wait(until: .milliseconds(500)))
        try client.read(stream, now: .milliseconds(500))
        #expect(client.lastStep == .wait(until: .milliseconds(15_020)))
    }

    @Test("what a filter looks at is bounded in bytes and in steps too, not only in records")
    func workPerFrame() throws {
        let text = String(repeating: "x", count: 100_000)
        let fixture = try live()
        var start = try #require(fixture.store.snapshot?.position)
        for id in 0..<100 { try fixture.put("big\(id)", Item(["id": .string("big\(id)"), "text": .string(text)])) }
        fixture.publish()
        func firstFrame() throws -> (frame: FeedFrame, rest: Int) {
            let snapshot = try #require(fixture.store.snapshot)
            let request = FeedRequest.make {
                $0.start = .position(start); $0.filter = predicate("contains(text, 'y')")
            }
            var reader = try FeedReader(hub: fixture.hub, request: request, snapshot: snapshot, now: .zero)
            defer { reader.close() }
            var frames: [FeedFrame] = []
            while case .frame(let frame, _) = reader.next(in: snapshot, now: .zero) { frames.append(frame) }
            #expect(reader.position == snapshot.position)
            return (try #require(frames.first), frames.count - 1)
        }
        // Ten megabytes, at two operands an item.
        #expect(try firstFrame().rest >= 4)
        start = try #require(fixture.store.snapshot?.position)
        for value in 0..<5_000 { try fixture.put("k\(value % 10)", value) }
        fixture.publish()
        // Ten records, each with five hundred steps that somebody may have seen.
        let (frame, rest) = try firstFrame()
        #expect(frame.count == 0)
        #expect(rest >= 1)
    }

    @Test("an operation can be left out")
    func operations() throws {
        let fixture = try live()
        let stream = fixture.stream(.make { $0.operation = .remove })
        var client = MapClient()
        try client.read(stream)
        try fixture.put("a", 2)
        try fixture.remove("b")
        fixture.publish()
        try client.read(stream)
        #expect(client.names() == ["hello", "ready", "message"])
        #expect(client.events.last?.data.hasPrefix(#"{"op":"remove","key":{"id":"b"}"#) == true)
    }

    @Test("S8: a filtered stream without matches advances: its bookmark's id is the head")
    func advances() throws {
        let fixture = try live()
        let stream = fixture.stream(
            .make {
                $0.filter = predicate("v > 1000"); $0.start = .now
            }
        )
        var client = MapClient()
        try client.read(stream)
        for value in 1...5000 { try fixture.put("a", value % 900) }
        fixture.publish()
        try client.read(stream, now: .seconds(15))
        try client.read(stream, now: .seconds(30))
        #expect(client.names() == ["hello", "ready", "bookmark", "bookmark"])
        #expect(client.lastID == "aaaaaaaa.5002")
    }

    @Test("one turn looks at a bounded number of changes, whatever the filter")
    func boundedTurns() throws {
        var limits = FeedLimits()
        limits.visitedPerFrame = 10
        limits.visitedPerTurn = 40
        let fixture = try live(limits)
        try fixture.scan((0..<500).map { "row\($0)" }, value: 1)
        fixture.publish()
        let stream = fixture.stream(.make { $0.filter = predicate("v > 1000") })
        var output: [UInt8] = []
        var turns = 0
        while stream.produce(into: &output, budget: 65_536, now: .zero) == .again { turns += 1 }
        #expect(turns >= 500 / 40)
        #expect(ReceivedEvent.parse(String(decoding: output, as: UTF8.self)).map(\.name) == ["hello", "ready"])
    }

    @Test("a filter that does not fit the table ends the stream with what is wrong")
    func misfit() throws {
        let fixture = FeedFixture()
        let stream = fixture.stream(
            .make {
                $0.filter = FeedFilter { _ throws(FeedFilterError) in throw FeedFilterError(detail: "no such key") }
            }
        )
        var client = MapClient()
        try client.read(stream)
        #expect(client.names() == ["busy"])
        fixture.publish()
        try client.read(stream)
        #expect(client.events.last?.data == #"{"reason":"invalid-filter","detail":"no such key"}"#)
        #expect(client.lastStep == .end)
    }

    @Test("NDJSON has the same envelopes, and control lines that say what they are")
    func lines() throws {
        let fixture = try live()
        let text = String(
            decoding: bytes(
                fixture.stream(
                    .make {
                        $0.encoding = .lines; $0.limit = 2
                    }
                )
            ),
            as: UTF8.self
        )
        #expect(
            text.split(separator: "\n").map(String.init) == [
                #"{"event":"hello","position":"aaaaaaaa.2","time":"2023-11-14T22:13:20.123Z"}"#,
                #"{"op":"put","key":{"id":"a"},"item":{"id":"a","v":1},"id":"aaaaaaaa.1","cause":"snapshot"}"#,
                #"{"op":"put","key":{"id":"b"},"item":{"id":"b","v":1},"id":"aaaaaaaa.2","cause":"snapshot"}"#,
                #"{"event":"bye","reason":"limit"}"#,
            ]
        )
    }

    @Test("S17: a compressed stream is one gzip file whose parts can be read as they come, made once for all")
    func compressed() throws {
        // Each stream is told a wait of its own unless there is none.
        var limits = FeedLimits()
        limits.retryMilliseconds = 0
        let fixture = try live(limits)
        try fixture.scan((0..<100).map { "row\($0)" }, value: 1)
        fixture.publish()
        let streams = (0..<3).map { _ in
            fixture.stream(
                .make {
                    $0.isCompressed = true; $0.timeout = .seconds(60)
                }
            )
        }
        let plain = fixture.stream(.make { $0.timeout = .seconds(60) })
        var packed = streams.map { bytes($0) }
        var expected = bytes(plain)
        #expect(try Inflate.partial(packed[0]) == expected)
        for value in 2...60 { try fixture.put("a", value) }
        try fixture.put("b", 7)
        fixture.publish()
        for index in streams.indices { packed[index] += bytes(streams[index], now: .seconds(1)) }
        expected += bytes(plain, now: .seconds(1))
        #expect(try Inflate.partial(packed[1]) == expected)
        for index in streams.indices { packed[index] += bytes(streams[index], now: .seconds(60)) }
        expected += bytes(plain, now: .seconds(60))
        for stream in packed { #expect(try Inflate.whole(stream) == expected) }
        #expect(fixture.hub.reading.savedBytesTotal > 10_000)
    }

    @Test("an old stream is ended with an id to go on from, not all at the same age")
    func age() throws {
        var limits = FeedLimits()
        limits.maximumStreamAge = .seconds(100)
        let fixture = try live(limits)
        var ends: Set<Duration> = []
        for _ in 0..<8 {
            let stream = fixture.stream(.make { $0.heartbeat = .seconds(300) })
            var client = MapClient()
            try client.read(stream)
            guard case .wait(let until)? = client.lastStep, let until else { Issue.record("no deadline"); return }
            #expect(until >= .seconds(80) && until <= .seconds(100))
            ends.insert(until)
            try client.read(stream, now: until)
            #expect(client.events.last == ReceivedEvent(id: "aaaaaaaa.2", name: "bye", data: #"{"reason":"age"}"#))
            #expect(client.lastStep == .end)
        }
        #expect(ends.count > 1)
        #expect(fixture.hub.reading.agedTotal == 8)
    }

    @Test("no address takes more than its share of the places, which it gets back")
    func addresses() throws {
        var limits = FeedLimits()
        limits.maximumSubscribers = 4
        let fixture = try live(limits)
        let first = try #require(fixture.hub.admit(address: 1))
        let second = try #require(fixture.hub.admit(address: 1))
        #expect(fixture.hub.admit(address: 1) == nil)
        let third = fixture.hub.admit(address: 2)
        #expect(third != nil)
        first.release()
        first.release()
        #expect(fixture.hub.reading.subscribers == 2)
        #expect(fixture.hub.admit(address: 1) != nil)
        withExtendedLifetime((second, third)) {}
        #expect(fixture.hub.reading.refusedTotal == 1)
    }
}
