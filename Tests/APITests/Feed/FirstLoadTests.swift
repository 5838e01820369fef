import TableModel
import Testing

@testable import API

/// The first load in pages, which walk the keys.
@Suite struct FirstLoadTests {
    private func get(_ service: LiveService, _ target: String, _ fields: [String] = []) throws -> (
        page: FeedClient, body: String
    ) {
        let client = try FeedClient(port: service.port, target, fields: fields + ["Connection: close"])
        try client.waitForEnd()
        return (client, String(decoding: client.body, as: UTF8.self))
    }

    /// Five items whose order of writing is not that of their keys.
    private func service() throws -> LiveService {
        let service = try LiveService()
        for name in ["d", "b", "e", "a", "c"] { try service.put(name, 1) }
        service.goLive()
        return service
    }

    private func next(_ body: String) throws -> String {
        let rest = try #require(body.split(separator: #""next":""#).last)
        return String(rest.prefix { $0 != "\"" })
    }

    private func ids(_ body: String) -> [String] {
        body.split(separator: #""key":{"id":""#).dropFirst().map { String($0.prefix { $0 != "\"" }) }
    }

    @Test("rows come in the order of keys and have no place; the last page leads to the position of the first")
    func order() async throws {
        let service = try service()
        let (first, one) = try get(service, "/v1/changes?since=0&limit=2")
        #expect(first["cache-control"] == "public, max-age=1, stale-while-revalidate=0" && first["replica-lag"] == "12")
        #expect(ids(one) == ["a", "b"])
        #expect(
            one.hasPrefix(
                #"{"changes":[{"op":"put","key":{"id":"a"},"item":{"id":"a","v":1},"id":"zzzzzzzz.0","version":"1000000000000000004""#
            )
        )
        #expect(
            one.contains(#""cause":"snapshot"},{"op""#)
                && one.contains(#""more":true,"as_of":{"position":"aaaaaaaa.5""#)
        )
        let cursor = try next(one)
        #expect(!cursor.contains("."))
        // A key that the load has passed, one that is yet to come, and one that goes.
        try service.put("a", 2)
        try service.put("c", 2)
        try service.remove("d")
        service.publish()
        let (second, two) = try get(service, "/v1/changes?since=\(cursor)&limit=2")
        #expect(ids(two) == ["c", "e"] && two.contains(#""item":{"id":"c","v":2}"#))
        #expect(second["cache-control"] == "public, max-age=3600, immutable" && second["replica-lag"] == nil)
        #expect(two.hasSuffix(#"],"next":"aaaaaaaa.5","more":true,"as_of":{"position":"aaaaaaaa.8","lag_ms":null}}"#))
        let (held, _) = try get(
            service,
            "/v1/changes?since=\(cursor)&limit=2",
            ["If-None-Match: \(try #require(second["etag"]))"]
        )
        #expect(held.status == 304)
        let feed = try get(service, "/v1/changes?since=aaaaaaaa.5").body
        #expect(ids(feed) == ["a", "c", "d"] && feed.contains(#"{"op":"remove","key":{"id":"d"}"#))
        await service.stop()
    }

    @Test("a load of one page is complete as of its position")
    func onePage() async throws {
        let service = try service()
        for target in ["/v1/changes?since=0", "/v1/changes", "/v1/changes?limit=9&mode=latest"] {
            let (page, body) = try get(service, target, ["Prefer: wait=20"])
            #expect(page.status == 200 && ids(body) == ["a", "b", "c", "d", "e"], "\(target)")
            #expect(body.contains(#""next":"aaaaaaaa.5","more":false"#), "\(target)")
        }
        await service.stop()
    }

    @Test("filters, what is told and the form of items are those of the feed")
    func filters() async throws {
        let service = try service()
        try service.put("b", 7)
        service.publish()
        for (query, expected) in [
            ("where=v%20%3C%205", ["a", "c", "d", "e"]), ("pk=c", ["c"]), ("op=put", ["a", "b", "c", "d", "e"]),
            ("op=remove", []),
        ] {
            #expect(ids(try get(service, "/v1/changes?since=0&\(query)").body) == expected, "\(query)")
        }
        let typed = try get(service, "/v1/changes?since=0&limit=1&format=dynamodb&fields=v").body
        #expect(typed.contains(#""key":{"id":{"S":"a"}},"item":{"v":{"N":"1"}}"#))
        // Steps have no order but their own.
        let steps = try get(service, "/v1/changes?since=0&mode=all").body
        #expect(ids(steps) == ["b"] && steps.contains(#""id":"aaaaaaaa.6""#))
        await service.stop()
    }

    @Test("a cursor belongs to the parameters that it came from, whatever the form and the size of pages")
    func cursors() async throws {
        let service = try service()
        let cursor = try next(try get(service, "/v1/changes?since=0&limit=2&where=v%20%3C%205").body)
        let own = "/v1/changes?since=\(cursor)&where=v%20%3C%205"
        #expect(ids(try get(service, own + "&limit=1&fields=v&format=dynamodb").body) == [])
        #expect(ids(try get(service, own + "&limit=1").body) == ["c"])
        let list = try get(service, "/v1/items?limit=2&where=v%20%3C%205").body
        for target in [
            "/v1/changes?since=\(cursor)", own + "&op=put", own + "&pk=a",
            "/v1/changes?since=\(try next(list))&where=v%20%3C%205",
            "/v1/changes?since=\(String(cursor.dropLast(4)))&where=v%20%3C%205",
            "/v1/changes?since=\(String(repeating: "A", count: 40))",
        ] {
            let (page, body) = try get(service, target)
            #expect(page.status == 400 && body.contains("urn:tablecast:problem:invalid-cursor"), "\(target) \(body)")
            #expect(body.contains(#""parameter":"since""#) && page["cache-control"] == "no-store")
        }
        #expect(try get(service, "/v1/items?cursor=\(cursor)&where=v%20%3C%205").page.status == 400)
        #expect(try get(service, own + "&mode=all").page.status == 400)
        #expect(try get(service, own, ["Accept: application/x-ndjson"]).page.status == 400)
        #expect(try get(service, "/v1/events?since=\(cursor)").page.status == 400)
        await service.stop()
    }

    @Test("large pages are the same, piece by piece")
    func large() async throws {
        let service = try LiveService()
        let text = AttributeValue.string(String(repeating: "tablecast ", count: 700))
        let names = (100..<400).map { "item\($0)" }
        for name in names.reversed() { try service.put(name, ["text": text]) }
        service.goLive()
        var since = "0"
        var found: [String] = []
        var pages = 0
        repeat {
            let (page, body) = try get(service, "/v1/changes?since=\(since)&limit=130")
            #expect(page.status == 200)
            found += ids(body)
            since = try next(body)
            pages += 1
        } while !since.contains(".")
        #expect(found == names && pages == 3 && since == "aaaaaaaa.300")
        await service.stop()
    }
}
