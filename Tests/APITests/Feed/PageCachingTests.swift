import Feed
import ReplicaStore
import Replication
import Service
import TableModel
import Testing

@testable import API

/// What caches are told about pages of changes, and that a copy may be kept as long as it says.
@Suite struct PageCachingTests {
    private static let closed = "public, max-age=3600, immutable"
    private static let live = "public, max-age=1, stale-while-revalidate=0"

    private func service(_ count: Int = 6, settings: (inout Settings) -> Void = { _ in }) throws -> LiveService {
        let service = try LiveService(settings: settings)
        for index in 0..<count { try service.put("item\(index)", index) }
        service.goLive()
        return service
    }

    private func get(_ service: LiveService, _ target: String, _ fields: [String] = []) throws -> (
        page: FeedClient, body: String
    ) {
        let client = try FeedClient(port: service.port, target, fields: fields + ["Connection: close"])
        try client.waitForEnd()
        return (client, String(decoding: client.body, as: UTF8.self))
    }

    @Test("a page that begins at a position and leads on is closed, and says nothing of the present")
    func closedPage() async throws {
        let service = try service()
        for mode in ["latest", "all"] {
            let (page, body) = try get(service, "/v1/changes?since=aaaaaaaa.6&mode=\(mode)")
            #expect(page["cache-control"] == Self.live && page["etag"] == nil, "\(mode)")
            #expect(page["replica-lag"] == "12" && body.contains(#""lag_ms":12"#), "\(mode)")
        }
        for index in 0..<3 { try service.put("item\(index)", 7) }
        service.publish()
        for mode in ["latest", "all"] {
            let (page, body) = try get(service, "/v1/changes?since=aaaaaaaa.6&limit=2&mode=\(mode)", ["Prefer: wait=5"])
            #expect(page["cache-control"] == Self.closed, "\(mode)")
            #expect(page["vary"] == "Accept, Accept-Encoding, Prefer")
            #expect(page["preference-applied"] == "wait=5")
            for name in ["replica-position", "replica-lag", "replica-state"] { #expect(page[name] == nil, "\(name)") }
            #expect(
                body.hasSuffix(#""next":"aaaaaaaa.8","more":true,"as_of":{"position":"aaaaaaaa.9","lag_ms":null}}"#)
            )
            // The limit is reached, but so is the newest change.
            let (end, _) = try get(service, "/v1/changes?since=aaaaaaaa.7&limit=2&mode=\(mode)")
            #expect(end["cache-control"] == Self.live && end["etag"] == nil)
            for start in ["0", "now"] {
                let (first, _) = try get(service, "/v1/changes?since=\(start)&limit=2&mode=\(mode)")
                #expect(first["cache-control"] == Self.live, "\(start)")
            }
        }
        await service.stop()
    }

    @Test("who has a closed page hears that it is still right, whatever changed, and nobody else does")
    func notModified() async throws {
        let service = try service()
        let target = "/v1/changes?since=aaaaaaaa.1&limit=2"
        let (first, body) = try get(service, target)
        let tag = try #require(first["etag"])
        #expect(tag.hasPrefix("\"") && tag.utf8.count == 36)
        try service.put("item2", 70)
        service.publish()
        let (held, none) = try get(service, target, ["If-None-Match: \"x\", \(tag)"])
        #expect(held.status == 304 && none.isEmpty && held["etag"] == tag && held["cache-control"] == Self.closed)
        let coded = tag.dropLast() + "-gzip\""
        #expect(try get(service, target, ["If-None-Match: W/\(coded)"]).page["etag"] == "W/\(tag)")
        // Made again it is another page, and has another tag.
        let (second, other) = try get(service, target)
        #expect(second.status == 200 && second["etag"] != tag && other != body)
        for (target, field) in [
            (target, "*"), (target, #""aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-c""#),
            (target, "\"\(tag.dropFirst().prefix(16))\""),
            ("/v1/changes?since=aaaaaaaa.2&limit=2", tag), ("/v1/changes?since=aaaaaaaa.1&limit=9", tag),
        ] {
            #expect(try get(service, target, ["If-None-Match: \(field)"]).page.status == 200, "\(target) \(field)")
        }
        let gone = "/v1/changes?since=bbbbbbbb.1&limit=2"
        #expect(try get(service, gone, ["If-None-Match: \(tag)"]).page.status == 410)
        await service.stop()
    }

    @Test("a page that is sent before its end is known is closed and leads on, even to nothing")
    func inPieces() async throws {
        let service = try service()
        let text = AttributeValue.string(String(repeating: "tablecast ", count: 2000))
        for index in 0..<8 { try service.put("large\(index)", ["text": text]) }
        service.publish()
        let (page, body) = try get(service, "/v1/changes?since=aaaaaaaa.6")
        #expect(page["cache-control"] == Self.closed && page["etag"] != nil && page["replica-lag"] == nil)
        #expect(body.hasSuffix(#""next":"aaaaaaaa.14","more":true,"as_of":{"position":"aaaaaaaa.14","lag_ms":null}}"#))
        let (rest, end) = try get(service, "/v1/changes?since=aaaaaaaa.14")
        #expect(
            rest["cache-control"] == Self.live && end.hasPrefix(#"{"changes":[],"next":"aaaaaaaa.14","more":false"#)
        )
        // From the first row on everybody asks for the same: no copy may be kept.
        let (first, all) = try get(service, "/v1/changes?since=0")
        #expect(first["cache-control"] == Self.live && all.contains(#""more":false"#))
        await service.stop()
    }

    @Test("pages are kept no longer than removals are remembered, and not at all where that is asked for")
    func ages() async throws {
        let brief = try service(settings: { $0.replication.storeLimits.tombstoneAge = .seconds(90) })
        let target = "/v1/changes?since=aaaaaaaa.1&limit=2"
        #expect(try get(brief, target).page["cache-control"] == "public, max-age=90, immutable")
        await brief.stop()
        let none = try service(settings: { $0.feed.closedPageAge = nil })
        for target in [target, "/v1/changes?since=0", "/v1/changes?since=now"] {
            let (page, body) = try get(none, target)
            #expect(page["cache-control"] == "no-store" && page["etag"] == nil && body.contains(#""lag_ms":12"#))
        }
        await none.stop()
    }

    @Test("errors and streams are kept by nobody, and so is a page with a ticket")
    func unstored() async throws {
        let service = try service()
        for (target, field) in [
            ("/v1/changes?since=bbbbbbbb.1", ""), ("/v1/changes?since=yesterday", ""),
            ("/v1/changes", "Accept: text/html"),
            ("/v1/changes?limit=1", "Accept: application/x-ndjson"),
            ("/v1/changes?since=aaaaaaaa.1&limit=2&ticket=t", ""),
            ("/v1/changes?since=now&ticket=t", ""),
        ] {
            let (page, _) = try get(service, target, field.isEmpty ? [] : [field])
            #expect(page["cache-control"] == "no-store" && page["etag"] == nil, "\(target)")
        }
        await service.stop()
    }

    @Test(
        "which removals a filtered page has depends on its reader, but for steps: they say what they did to the filter"
    )
    func filtered() async throws {
        let service = try service()
        for (query, expected) in [
            ("where=v%20%3E%201", "no-store"), ("where=v%20%3E%201&limit=2", "no-store"),
            ("pk=item2&limit=2", Self.live),
            ("fields=v&limit=2&op=put", Self.closed),
        ] {
            #expect(
                try get(service, "/v1/changes?since=aaaaaaaa.1&\(query)").page["cache-control"] == expected,
                "\(query)"
            )
        }
        for index in 0..<3 { try service.put("item\(index)", 7) }
        service.publish()
        let (page, _) = try get(service, "/v1/changes?since=aaaaaaaa.6&mode=all&where=v%20%3E%201&limit=2")
        #expect(page["cache-control"] == Self.closed)
        await service.stop()
    }
}
