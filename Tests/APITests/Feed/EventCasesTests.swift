import Basics
import Feed
import Glibc
import HTTPServer
import ReplicaStore
import Replication
import TableModel
import TestTools
import Testing

@testable import API
@testable import Service

/// The cases S1 to S20 of server-sent events over raw sockets, by number.
@Suite struct EventCasesTests {
    private func live(
        _ count: Int = 3,
        settings: (inout Settings) -> Void = { _ in },
        limits: HTTPServerLimits = HTTPServerLimits()
    ) throws -> LiveService {
        let service = try LiveService(settings: settings, limits: limits)
        for index in 0..<count { try service.put("item\(index)", index) }
        service.goLive()
        return service
    }

    @Test("S1: the head goes out at once, uncached and unbuffered, before there is any event")
    func head() async throws {
        let service = try LiveService()
        let client = try FeedClient(port: service.port, "/v1/events")
        try client.wait { !$0.head.isEmpty }
        #expect(client.status == 200)
        #expect(client["content-type"] == "text/event-stream")
        #expect(client["cache-control"] == "no-store")
        #expect(client["x-accel-buffering"] == "no")
        try client.wait(for: "busy")
        client.close()
        await service.stop()
    }

    @Test("S2: a payload of line ends, NUL, separators, emoji and injected fields arrives byte-equal, as one line")
    func payload() async throws {
        let service = try live(0)
        let text = "a\rb\nc\r\nd\u{0}e\u{2028}f\u{2029}😀\nid: x\ndata: {}\n\nevent: reset\\n\"}"
        try service.put("a\r\n\ndata: x", ["text": .string(text)])
        service.publish()
        let client = try FeedClient(port: service.port, "/v1/events")
        try client.wait(for: "ready")
        #expect(client.names == ["hello", "message", "ready"])
        let change = try client.events[1].change()
        #expect(change.id == "a\r\n\ndata: x")
        #expect(change.text.map { Array($0.utf8) } == Array(text.utf8))
        client.close()
        await service.stop()
    }

    @Test("S3: ids match their form, strictly increase, and are short")
    func ids() async throws {
        let service = try live(40)
        let client = try FeedClient(port: service.port, "/v1/events")
        try client.wait(for: "ready")
        for value in 0..<20 { try service.put("item\(value)", 100 + value) }
        service.publish()
        try client.wait { $0.names.count { $0 == "message" } >= 60 }
        var last: UInt64 = 0
        for event in client.events where event.name == "message" {
            let id = try #require(event.id)
            let parts = id.split(separator: ".")
            #expect(parts.count == 2 && id.utf8.count <= 64)
            #expect(
                (8...13).contains(parts[0].count)
                    && parts[0].allSatisfy { "abcdefghijklmnopqrstuvwxyz234567".contains($0) }
            )
            let seq = try #require(UInt64(parts[1]))
            #expect(seq > last)
            last = seq
        }
        client.close()
        await service.stop()
    }

    @Test("S4: the header beats the query, and both resume without loss or repetition")
    func resumes() async throws {
        let service = try live(10)
        for (target, fields) in [
            ("/v1/events?since=aaaaaaaa.2&last_event_id=aaaaaaaa.4", ["Last-Event-ID: aaaaaaaa.7"]),
            ("/v1/events?since=aaaaaaaa.2&last_event_id=aaaaaaaa.7", []), ("/v1/events?since=aaaaaaaa.7", []),
            ("/v1/events?since=aaaaaaaa.2&lastEventId=aaaaaaaa.7", []),
            ("/v1/events?lastEventId=aaaaaaaa.7&last_event_id=aaaaaaaa.7", []),
            ("/v1/events?lastEventId=aaaaaaaa.7&last_event_id=", []),
            ("/v1/events?lastEventId=aaaaaaaa.4", ["Last-Event-ID: aaaaaaaa.7"]),
        ] {
            let client = try FeedClient(port: service.port, target, fields: fields)
            try client.wait(for: "ready")
            #expect(
                client.events.filter { $0.name == "message" }.map(\.id) == ["aaaaaaaa.8", "aaaaaaaa.9", "aaaaaaaa.10"]
            )
            client.close()
        }
        await service.stop()
    }

    @Test("S5: an id that is unknown, of another life, of the future or malformed is 200, a reset and a snapshot")
    func unknownIDs() async throws {
        let service = try live()
        for id in ["zzzzzzzz.2", "aaaaaaaa.99", "nonsense", "aaaaaaaa.99999999999999999999999", "aaaaaaaa.-1", "'\"<>"]
        {
            let client = try FeedClient(port: service.port, "/v1/events", fields: ["Last-Event-ID: \(id)"])
            try client.wait(for: "ready")
            #expect(client.status == 200)
            #expect(client.names == ["hello", "reset", "message", "message", "message", "ready"])
            client.close()
        }
        await service.stop()
    }

    @Test(
        "S6: a filter that cannot be read is a 400 before the stream starts",
        arguments: [
            "where=v%20%3C", "sk=a", "fields=a..b", "op=move", "mode=some", "diff=patch", "batch_ms=10001",
            "numbers=roman", "filter=x", "last_event_id=aaaaaaaa.1&lastEventId=aaaaaaaa.2",
            "lastEventId=a&lastEventId=a", "key_encoding=hex",
            "where=v%20%3C%201&where=v%20%3E%201",
        ]
    )
    func badFilters(query: String) async throws {
        let service = try live()
        let fields = ["Accept: text/event-stream", "Sec-Fetch-Mode: cors", "Connection: close"]
        let client = try FeedClient(port: service.port, "/v1/events?\(query)", fields: fields)
        try client.waitForEnd()
        #expect(client.status == 400)
        #expect(client["content-type"] == "application/problem+json")
        await service.stop()
    }

    @Test(
        "S7: while writes go on and connections are cut anywhere, the map is the table's at every ready and bookmark",
        arguments: 0..<6
    )
    func convergence(seed: Int) async throws {
        let service = try live(60) {
            $0.replication.storeLimits.historyBytes = [0, 4000, 1 << 20][seed % 3]
        }
        var random = SplitMix64(seed: UInt64(seed))
        var states: [String: [String: Int]] = [:]
        func note() { states["aaaaaaaa.\(service.writer.seq)"] = service.contents() }
        note()
        let target = seed % 2 == 0 ? "/v1/events?heartbeat=1s" : "/v1/events?heartbeat=1s&where=v%20%3C%2050"
        func matching(_ map: [String: Int]) -> [String: Int] { seed % 2 == 0 ? map : map.filter { $0.value < 50 } }
        var map: [String: Int] = [:]
        var lastID: String?
        var checked = 0
        for _ in 0..<25 {
            let client = try FeedClient(
                port: service.port,
                target,
                fields: lastID.map { ["Last-Event-ID: \($0)"] } ?? [],
                receiveBuffer: 2048
            )
            var seen = 0
            let end = Int.random(in: 1...40, using: &random)
            let deadline = ContinuousClock.now + .seconds(10)
            while seen < end, ContinuousClock.now < deadline {
                for _ in 0..<Int.random(in: 0...3, using: &random) {
                    let id = "item\(Int.random(in: 0..<80, using: &random))"
                    if Int.random(in: 0..<3, using: &random) > 0 {
                        try service.put(id, Int.random(in: 0..<100, using: &random))
                    } else {
                        try service.remove(id)
                    }
                    note()
                }
                service.publish()
                try client.pump(milliseconds: 5, bytes: Int.random(in: 1...900, using: &random))
                while seen < client.events.count {
                    let event = client.events[seen]
                    seen += 1
                    if event.name == "reset" {
                        map = [:]
                        lastID = nil
                    }
                    if event.name == "message" {
                        let change = try event.change()
                        map[change.id] = change.isRemoval ? nil : change.value
                    }
                    if let id = event.id { lastID = id }
                    if event.name == "ready" || event.name == "bookmark" {
                        checked += 1
                        let truth = try #require(states[event.id ?? ""])
                        #expect(map == matching(truth), "at \(event.id ?? "")")
                    }
                }
            }
            if Bool.random(using: &random) { client.reset() } else { client.close() }
        }
        #expect(checked > 3)
        await service.stop()
    }

    @Test("S8: a silent stream sends a bookmark with the position, also when nothing passes its filter")
    func bookmarks() async throws {
        let service = try live()
        let client = try FeedClient(port: service.port, "/v1/events?heartbeat=1s&where=v%20%3E%201000")
        try client.wait(for: "ready")
        try service.put("item1", 5)
        service.publish()
        try client.wait(for: "bookmark")
        #expect(client.names == ["hello", "ready", "bookmark"])
        #expect(client.lastID == "aaaaaaaa.4")
        client.close()
        await service.stop()
    }

    @Test("S9: an item leaves a filter by an update, a removal and the end of its time to live, and each is told")
    func leaves() async throws {
        let service = try live(4)
        let client = try FeedClient(port: service.port, "/v1/events?where=v%20%3C%2010")
        try client.wait(for: "ready")
        try service.put("item0", 11)
        try service.remove("item1")
        try service.remove("item2", cause: .ttl)
        try service.put("item9", 12)
        try service.remove("item9")
        service.publish()
        try client.wait { $0.map.count == 1 }
        let changes = try client.events.filter { $0.name == "message" }.dropFirst(4).map { try $0.change() }
        #expect(changes.map(\.id) == ["item0", "item1", "item2"])
        #expect(changes.map(\.cause) == ["filter", "stream", "ttl"])
        #expect(changes.map(\.isRemoval) == [true, true, true])
        client.close()
        await service.stop()
    }

    @Test(
        "S10: a stalled reader costs no memory and delays nobody, gets the newest states when it reads on, and is closed otherwise"
    )
    func stalledReader() async throws {
        var limits = HTTPServerLimits()
        limits.writeStallTimeout = .seconds(6)
        let service = try live(10, limits: limits)
        let stalled = try (0..<4).map { _ in try FeedClient(port: service.port, "/v1/events", receiveBuffer: 1024) }
        let other = try FeedClient(port: service.port, "/v1/events?heartbeat=1s")
        try other.wait(for: "ready")
        for client in stalled { try client.wait { !$0.head.isEmpty } }
        let filler = String(repeating: "x", count: 2000)
        let before = try #require(ProcessUsage.residentBytes())
        var slowest = Duration.zero
        for round in 1...600 {
            for index in 0..<10 {
                try service.put("item\(index)", ["v": .number(String(round)), "text": .string(filler)])
            }
            let began = ContinuousClock.now
            service.publish()
            if round % 100 == 0 {
                try other.wait { $0.map["item9"] == round }
                slowest = max(slowest, ContinuousClock.now - began)
            } else {
                try other.pump()
            }
            other.forget()
        }
        // 12 MB were written; what four readers did not take is not kept for them, and the history is bounded.
        let growth = try #require(ProcessUsage.residentBytes()) - before
        #expect(growth < 40 << 20, "\(growth) bytes")
        #expect(slowest < .seconds(5), "\(slowest)")
        try other.wait(for: "bookmark")
        // One of them reads on in time: it has the newest state of each key.
        try stalled[0].wait { $0.map.count == 10 && $0.map.values.allSatisfy { $0 == 600 } }
        #expect(stalled[0].events.count < 300)
        try service.wait { try service.subscribers() <= 2 }
        let metrics = try FeedClient(port: service.port, "/metrics", fields: ["Connection: close"])
        try metrics.waitForEnd()
        let text = String(decoding: metrics.body, as: UTF8.self)
        #expect(text.contains("tablecast_feed_stalled_total 3"))
        other.close()
        await service.stop()
    }

    @Test("S11: a client that vanishes by FIN or RST gives its place back at once")
    func vanished() async throws {
        let service = try live()
        let clients = try (0..<20).map { _ in try FeedClient(port: service.port, "/v1/events") }
        for client in clients { try client.wait(for: "ready") }
        #expect(try service.subscribers() == 20)
        for (index, client) in clients.enumerated() { if index % 2 == 0 { client.close() } else { client.reset() } }
        try service.wait { try service.subscribers() == 0 }
        await service.stop()
    }

    @Test("S12: subscribers that come and go leave no descriptor and no memory behind")
    func churn() async throws {
        let service = try live(200)
        // TABLECAST_CHURN=10000 churns so many at a time.
        let wanted = getenv("TABLECAST_CHURN").flatMap { Int(String(cString: $0)) } ?? 300
        func round() throws {
            let clients = try (0..<wanted).map { index in
                try FeedClient(port: service.port, index % 3 == 0 ? "/v1/events?where=v%3C\(index % 7)" : "/v1/events")
            }
            for client in clients { try client.wait { !$0.body.isEmpty } }
            try service.put("item1", Int.random(in: 0..<100))
            service.publish()
            for (index, client) in clients.enumerated() { if index % 5 == 0 { client.reset() } else { client.close() } }
            try service.wait { try service.subscribers() == 0 }
        }
        for _ in 0..<2 { try round() }
        let descriptors = try #require(ProcessUsage.openDescriptors())
        let memory = try #require(ProcessUsage.residentBytes())
        for _ in 0..<5 { try round() }
        #expect(try #require(ProcessUsage.openDescriptors()) <= descriptors + 4)
        let growth = try #require(ProcessUsage.residentBytes()) - memory
        #expect(growth < 24 << 20, "\(growth) bytes")
        await service.stop()
    }

    @Test("S13: HEAD has the head alone, and HTTP/1.0 gets a stream that ends with the connection")
    func oldAndHead() async throws {
        let service = try live()
        let head = try FeedClient(port: service.port, "/v1/events", method: "HEAD", fields: ["Connection: close"])
        try head.waitForEnd()
        #expect(head.status == 200 && head.body.isEmpty)
        let old = try FeedClient(
            port: service.port,
            "/v1/events?limit=2",
            version: "1.0",
            fields: ["Accept-Encoding: gzip"]
        )
        try old.waitForEnd()
        #expect(old["transfer-encoding"] == nil)
        #expect(old["content-encoding"] == nil)
        #expect(old.names == ["hello", "message", "message", "bye"])
        await service.stop()
    }

    @Test(
        "S14: limit and timeout end the chunked body cleanly, and the connection lives on",
        arguments: ["limit=2", "timeout=100ms"]
    )
    func ends(query: String) async throws {
        let service = try live()
        let client = try FeedClient(port: service.port, "/v1/events?\(query)")
        try client.wait { $0.isComplete }
        #expect(client.names.last == "bye")
        #expect(!client.isClosed)
        client.close()
        await service.stop()
    }

    @Test("S15: a browser that finds no place is told 200 and busy, with a wait; others 429; a drain says goodbye")
    func overload() async throws {
        let service = try live(3, settings: { $0.feed.maximumSubscribers = 1 })
        let first = try FeedClient(port: service.port, "/v1/events")
        try first.wait(for: "ready")
        for field in ["Accept: text/event-stream", "Sec-Fetch-Mode: cors"] {
            let browser = try FeedClient(port: service.port, "/v1/events", fields: [field])
            try browser.wait { $0.isComplete }
            #expect(browser.status == 200)
            #expect(browser.names == ["busy"])
            let text = String(decoding: browser.body, as: UTF8.self)
            let retry = Int(text.split(separator: "\n").first?.dropFirst("retry: ".count) ?? "") ?? 0
            #expect((1_000...10_000).contains(retry))
        }
        let other = try FeedClient(port: service.port, "/v1/events", fields: ["Connection: close"])
        try other.waitForEnd()
        #expect(other.status == 429)
        #expect(other["retry-after"] != nil)
        await service.stop()
        try first.waitForEnd()
        #expect(first.names.last == "bye")
        #expect(first.events.last?.data == #"{"reason":"draining"}"#)
    }

    @Test("S16: a preflight allows Last-Event-ID, and credentials never go with any origin")
    func preflight() async throws {
        let service = try live()
        let client = try FeedClient(
            port: service.port,
            "/v1/events",
            method: "OPTIONS",
            fields: [
                "Origin: https://example.org", "Access-Control-Request-Method: GET",
                "Access-Control-Request-Headers: last-event-id", "Connection: close",
            ]
        )
        try client.waitForEnd()
        #expect(client.status == 204)
        #expect(client["access-control-allow-origin"] == "*")
        #expect(client["access-control-allow-headers"]?.contains("Last-Event-ID") == true)
        #expect(client["access-control-allow-credentials"] == nil)
        await service.stop()
    }

    @Test(
        "S17: a stream is compressed for those who ask for it by HTTP/1.1, and flushed with each batch",
        arguments: [
            ("gzip", true), ("br, gzip;q=0.5", true), ("*", true), ("gzip;q=0", false), ("br", false),
            ("gzip;q=0, *", false),
        ]
    )
    func compression(accepted: String, isCompressed: Bool) async throws {
        let service = try live(50)
        let client = try FeedClient(port: service.port, "/v1/events", fields: ["Accept-Encoding: \(accepted)"])
        try client.wait { $0.body.count > 20 }
        #expect(client["content-encoding"] == (isCompressed ? "gzip" : nil))
        #expect(client["vary"]?.contains("Accept-Encoding") == true)
        if isCompressed { #expect(client.body.prefix(2) == [0x1F, 0x8B]) } else { try client.wait(for: "ready") }
        client.close()
        await service.stop()
    }

    @Test("S19: what is sent is parsed the same when it is cut at every offset")
    func cuts() async throws {
        let service = try live(2)
        let client = try FeedClient(port: service.port, "/v1/events?limit=2")
        try client.wait { $0.isComplete }
        let body = client.body
        for cut in 0...body.count {
            var parser = EventParser()
            parser.feed(body[..<cut])
            parser.feed(body[cut...])
            #expect(parser.events == client.events)
        }
        await service.stop()
    }

    @Test("S20: a jump of the clock does not stop heartbeats")
    func clockJump() async throws {
        let service = try live()
        let client = try FeedClient(port: service.port, "/v1/events?heartbeat=1s")
        try client.wait(for: "ready")
        service.moveWallClock(by: -86_400_000)
        try client.wait(for: "bookmark")
        service.moveWallClock(by: 10 * 86_400_000)
        try client.wait { $0.names.count { $0 == "bookmark" } >= 2 }
        client.close()
        await service.stop()
    }
}
