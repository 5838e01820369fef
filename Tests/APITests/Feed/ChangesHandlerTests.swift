import TableModel
import Testing

@testable import API

@Suite struct ChangesHandlerTests {
    private func live(_ count: Int = 3) throws -> LiveService {
        let service = try LiveService()
        for index in 0..<count { try service.put("item\(index)", index) }
        service.goLive()
        return service
    }

    private func get(
        _ service: LiveService,
        _ target: String,
        _ fields: [String] = []
    ) throws -> (client: FeedClient, body: String) {
        let client = try FeedClient(port: service.port, target, fields: fields + ["Connection: close"])
        try client.waitForEnd()
        return (client, String(decoding: client.body, as: UTF8.self))
    }

    @Test("a page has the changes, where to go on, whether there is more, and as of what")
    func page() async throws {
        let service = try live()
        let (client, body) = try get(service, "/v1/changes?since=aaaaaaaa.0&limit=2")
        #expect(client.status == 200)
        #expect(client["content-type"] == "application/json")
        #expect(
            body.hasPrefix(
                #"{"changes":[{"op":"put","key":{"id":"item0"},"item":{"id":"item0","v":0},"id":"aaaaaaaa.1""#
            )
        )
        #expect(body.hasSuffix(#"],"next":"aaaaaaaa.2","more":true,"as_of":{"position":"aaaaaaaa.3","lag_ms":null}}"#))
        let (end, rest) = try get(service, "/v1/changes?since=aaaaaaaa.2")
        #expect(end["replica-position"] == "aaaaaaaa.3" && rest.contains(#""lag_ms":12"#))
        #expect(rest.contains(#""more":false"#) && rest.contains("item2") && !rest.contains("item1"))
        let none = try get(service, "/v1/changes?since=now").body
        #expect(none.hasPrefix(#"{"changes":[],"next":"aaaaaaaa.3","more":false"#))
        await service.stop()
    }

    @Test("a long poll answers with the next change, and says that it waited")
    func longPoll() async throws {
        let service = try live()
        let client = try FeedClient(
            port: service.port,
            "/v1/changes?since=now&where=v%20%3E%205",
            fields: ["Prefer: wait=20", "Connection: close"]
        )
        try service.wait { try service.subscribers() == 1 }
        try service.put("item1", 2)
        service.publish()
        try client.pump(milliseconds: 200)
        #expect(client.head.isEmpty)
        try service.put("item1", 9)
        service.publish()
        try client.waitForEnd()
        #expect(client["preference-applied"] == "wait=20")
        #expect(String(decoding: client.body, as: UTF8.self).contains(#""v":9"#))
        #expect(try service.subscribers() == 0)
        await service.stop()
    }

    @Test("a long poll that meets nothing is an empty page when its time is over")
    func emptyLongPoll() async throws {
        let service = try live()
        let (client, body) = try get(service, "/v1/changes?since=now", ["Prefer: wait=1"])
        #expect(client.status == 200)
        #expect(body.hasPrefix(#"{"changes":[],"next":"aaaaaaaa.3""#))
        await service.stop()
    }

    @Test("NDJSON goes on for ever, or until it is told to end")
    func lines() async throws {
        let service = try live()
        let (client, body) = try get(service, "/v1/changes?limit=3", ["Accept: application/x-ndjson"])
        #expect(client["content-type"] == "application/x-ndjson")
        #expect(client["x-accel-buffering"] == "no")
        let lines = body.split(separator: "\n")
        #expect(lines.count == 5)
        #expect(lines[0].hasPrefix(#"{"event":"hello","position":"aaaaaaaa.3""#))
        #expect(lines[1].hasPrefix(#"{"op":"put","key":{"id":"item0"}"#))
        #expect(lines[4] == #"{"event":"bye","reason":"limit"}"#)
        await service.stop()
    }

    @Test(
        "a position that cannot be resumed is 410 with a link to begin anew",
        arguments: ["application/json", "application/x-ndjson"]
    )
    func gone(type: String) async throws {
        let service = try live()
        let target = "/v1/changes?since=bbbbbbbb.1&where=v%20%3C%205&op=put"
        let (client, body) = try get(service, target, ["Accept: \(type)"])
        #expect(client.status == 410)
        #expect(client["content-type"] == "application/problem+json")
        // Relative, since a proxy may serve everything below a path of its own.
        let link = "?since=0&where=v%20%3C%205&op=put"
        #expect(client["link"] == "<\(link)>; rel=\"restart\"")
        #expect(body.contains(#""type":"urn:tablecast:problem:position-gone""#))
        #expect(body.contains(#""reason_code":"other-epoch""#))
        #expect(body.contains(#""restart":"\#(link)""#))
        #expect(try get(service, resolve(link, against: target)).client.status == 200)
        // A link that is too long for a head is in the body alone.
        let long = "/v1/changes?since=bbbbbbbb.1&where=v%20%3C%20'\(String(repeating: "(", count: 1000))'"
        let (another, longBody) = try get(service, long, ["Accept: \(type)"])
        #expect(another.status == 410 && another["link"] == nil)
        #expect(longBody.contains(#""restart":"?since=0&where=v%20%3C%20%27%28%28"#))
        await service.stop()
    }

    @Test("a page takes the defaults of what only streams take, since generated programs send them")
    func defaultsOfStreams() async throws {
        let service = try live()
        for query in ["heartbeat=15s", "heartbeat=15", "batch_ms=0", "heartbeat=15s&batch_ms=0&mode=latest&diff=none"] {
            #expect(try get(service, "/v1/changes?\(query)").client.status == 200, "\(query)")
        }
        for query in ["heartbeat=16s", "batch_ms=1", "timeout=15s", "timeout=0"] {
            let (client, body) = try get(service, "/v1/changes?\(query)")
            #expect(client.status == 400, "\(query)")
            #expect(body.contains("it is for the stream: ask with Accept: application/x-ndjson"), "\(body)")
        }
        await service.stop()
    }

    @Test(
        "refuses what cannot be, before anything is sent",
        arguments: [
            ("/v1/changes?since=yesterday", "", 400), ("/v1/changes?heartbeat=5s", "", 400),
            ("/v1/changes?limit=10001", "", 400), ("/v1/changes?diff=old", "", 400),
            ("/v1/changes", "Accept: text/html", 406), ("/v1/changes", "Accept: text/event-stream", 406),
            ("/v1/events", "Accept: application/json", 406), ("/v1/changes?nothing=1", "", 400),
        ]
    )
    func refuses(target: String, field: String, status: Int) async throws {
        let service = try live()
        #expect(try get(service, target, field.isEmpty ? [] : [field]).client.status == status)
        await service.stop()
    }

    @Test("POST is 405, HEAD has no body, and neither hangs")
    func methods() async throws {
        let service = try live()
        for path in ["/v1/changes", "/v1/events", "/v1/items/item0/history"] {
            let post = try FeedClient(
                port: service.port,
                path,
                method: "POST",
                fields: ["Content-Length: 0", "Connection: close"]
            )
            try post.waitForEnd()
            #expect(post.status == 405)
            let head = try FeedClient(port: service.port, path, method: "HEAD", fields: ["Connection: close"])
            try head.waitForEnd()
            #expect(head.status == 200 && head.body.isEmpty)
        }
        await service.stop()
    }

    @Test("every step of an item, in a page and as its history")
    func history() async throws {
        let service = try live()
        try service.put("item0", 8)
        try service.put("item0", 9)
        try service.remove("item1")
        service.publish()
        let steps = try get(service, "/v1/changes?mode=all&diff=patch").body
        #expect(steps.contains(#""changed":["v"],"patch":[{"op":"replace","path":"/v","value":9}]"#))
        let (client, body) = try get(service, "/v1/items/item0/history?diff=old")
        #expect(client.status == 200)
        #expect(
            body.hasPrefix(
                #"{"key":{"id":"item0"},"versions":[{"op":"put","key":{"id":"item0"},"item":{"id":"item0","v":9}"#
            )
        )
        #expect(body.contains(#""old":{"id":"item0","v":8},"changed":["v"]}"#))
        #expect(
            body.hasSuffix(
                #"],"complete":false,"kept_since":"aaaaaaaa.3","as_of":{"position":"aaaaaaaa.6","lag_ms":12}}"#
            )
        )
        #expect(try get(service, "/v1/items/item1/history").body.contains(#""op":"remove""#))
        #expect(try get(service, "/v1/items/never/history").client.status == 404)
        #expect(try get(service, "/v1/items/item0/history?limit=0").client.status == 400)
        let status = try get(service, "/v1/status").body
        #expect(status.contains(#""resume":{"from":"aaaaaaaa.0","since":null}"#))
        #expect(status.contains(#""history":{"from":"aaaaaaaa.3","steps":3,"#))
        await service.stop()
    }
}
