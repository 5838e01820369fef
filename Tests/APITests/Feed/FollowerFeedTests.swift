import Feed
import HTTPServer
import Service
import TableModel
import Testing

@testable import API

/// The feed of followers over real sockets: what it takes, and how slow a follower may be.
@Suite struct FollowerFeedTests {
    private static let lines = "Accept: application/x-ndjson"

    private func live(_ count: Int = 3) throws -> LiveService {
        let service = try LiveService()
        for index in 0..<count { try service.put("item\(index)", index) }
        service.goLive()
        return service
    }

    private func text(_ client: FeedClient) -> String { String(decoding: client.body, as: UTF8.self) }

    @Test("a follower gets the source, what the contents are, every item typed, and the digest of all")
    func follows() async throws {
        let service = try live()
        let client = try FeedClient(port: service.port, "/v1/changes?mode=replica", fields: [Self.lines])
        try client.wait { text($0).contains(#""event":"bookmark""#) }
        #expect(client.status == 200)
        #expect(client["content-type"] == "application/x-ndjson")
        #expect(client["cache-control"] == "no-store")
        let lines = text(client).split(separator: "\n")
        #expect(lines[0].hasPrefix(#"{"event":"source","protocol":1,"chain":[""#))
        #expect(lines[1].hasPrefix(#"{"event":"hello","position":"aaaaaaaa.3""#))
        #expect(
            lines[2].hasPrefix(
                #"{"event":"contents","epoch":"aaaaaaaa","table":"","key":{"partition":{"name":"id","type":"S"}}"#
            )
        )
        #expect(
            lines[3].hasPrefix(
                #"{"op":"put","key":{"id":{"S":"item0"}},"item":{"id":{"S":"item0"},"v":{"N":"0"}},"id":"aaaaaaaa.1""#
            )
        )
        #expect(lines[6].hasPrefix(#"{"event":"ready","id":"aaaaaaaa.3""#))
        #expect(lines[7].contains(#""items":3,"state":"live","reason":"following the stream","digest":""#))
        try service.put("item1", 7)
        service.publish()
        try client.wait { text($0).contains(#""id":"aaaaaaaa.4""#) }
        client.close()
        try service.wait { try service.subscribers() == 0 }
        await service.stop()
    }

    @Test("the source comes first while there are no contents, with status 200")
    func withoutContents() async throws {
        let service = try LiveService()
        let client = try FeedClient(port: service.port, "/v1/changes?mode=replica&since=0", fields: [Self.lines])
        try client.wait { text($0).contains(#""event":"busy""#) }
        #expect(client.status == 200 && text(client).hasPrefix(#"{"event":"source""#))
        service.goLive()
        try client.wait { text($0).contains(#""event":"bookmark""#) }
        client.close()
        await service.stop()
    }

    @Test("a position that cannot be resumed is a reset within the stream")
    func resets() async throws {
        let service = try live()
        let target = "/v1/changes?mode=replica&since=bbbbbbbb.7"
        let client = try FeedClient(port: service.port, target, fields: [Self.lines])
        try client.wait { text($0).contains(#""event":"bookmark""#) }
        #expect(text(client).contains(#"{"event":"reset","reason":"other-epoch"}"#))
        client.close()
        await service.stop()
    }

    @Test(
        "what a replica cannot have is refused, and the problem says what it can",
        arguments: [
            "where=v%20%3E%201", "fields=v", "pk=a", "op=put", "limit=3", "diff=old", "batch_ms=500", "heartbeat=5s",
            "timeout=5s", "numbers=string", "since=now",
        ]
    )
    func refusals(parameter: String) async throws {
        let service = try live()
        let target = "/v1/changes?mode=replica&\(parameter)"
        let client = try FeedClient(port: service.port, target, fields: [Self.lines, "Connection: close"])
        try client.waitForEnd()
        #expect(client.status == 400)
        #expect(
            text(client).contains(
                parameter == "since=now" ? "give 0 or a position" : "allowed are since, partial and ticket"
            )
        )
        await service.stop()
    }

    @Test("pages and events have no such mode; in other modes partial means nothing")
    func otherForms() async throws {
        let service = try live()
        for (target, status) in [
            ("/v1/changes?mode=replica", 400), ("/v1/events?mode=replica", 400), ("/v1/changes?partial=true", 200),
            ("/v1/changes?partial=maybe", 400),
        ] {
            let client = try FeedClient(port: service.port, target, fields: ["Connection: close"])
            try client.waitForEnd()
            #expect(client.status == status, "\(target)")
        }
        await service.stop()
    }

    @Test("the defaults that generated programs send change nothing")
    func defaults() async throws {
        let service = try live()
        let target =
            "/v1/changes?mode=replica&diff=none&batch_ms=0&heartbeat=15s&format=plain&numbers=number&key_encoding=text&partial=false"
        let client = try FeedClient(port: service.port, target, fields: [Self.lines])
        try client.wait { text($0).contains(#""event":"bookmark""#) }
        #expect(text(client).contains(#"{"S":"item0"}"#))
        client.close()
        await service.stop()
    }

    @Test("a follower that does not read is waited for where another subscriber is cut off")
    func slow() async throws {
        let service = try LiveService { settings in
            settings.server.writeStallTimeout = .milliseconds(300)
        }
        let long = String(repeating: "x", count: 100_000)
        for index in 0..<100 { try service.put("item\(index)", ["text": .string(long)]) }
        service.goLive()
        let follower = try FeedClient(
            port: service.port,
            "/v1/changes?mode=replica",
            fields: [Self.lines],
            receiveBuffer: 4_096
        )
        let other = try FeedClient(port: service.port, "/v1/events", receiveBuffer: 4_096)
        try service.wait { try service.metric("tablecast_feed_stalled_total") == 1 }
        #expect(try service.metric("tablecast_feed_followers") == 1)
        try follower.wait { $0.body.count > 10_000_000 && text($0).contains(#""event":"bookmark""#) }
        #expect(try service.metric("tablecast_feed_stalled_total") == 1)
        follower.close()
        other.close()
        await service.stop()
    }

    @Test("a follower that takes nothing for too long is cut off too")
    func tooSlow() async throws {
        let service = try LiveService { settings in
            settings.feed.replicaStallTimeout = .milliseconds(300)
        }
        let long = String(repeating: "x", count: 100_000)
        for index in 0..<100 { try service.put("item\(index)", ["text": .string(long)]) }
        service.goLive()
        let follower = try FeedClient(
            port: service.port,
            "/v1/changes?mode=replica",
            fields: [Self.lines],
            receiveBuffer: 4_096
        )
        try service.wait { try service.metric("tablecast_feed_stalled_total") == 1 }
        #expect(try service.metric("tablecast_feed_followers") == 0)
        follower.close()
        await service.stop()
    }
}
