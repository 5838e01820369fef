import Replication
import ServiceTools
import TableModel
import Testing

@testable import API

/// The conditions of a request for one item (RFC 9110 section 13). The fixture's items changed at 2023-11-14T22:13:20Z, its clock's now.
@Suite struct ItemConditionsTests {
    private func filled() throws -> ServiceFixture {
        let fixture = try ServiceFixture()
        try fixture.publish(
            [["id": .string("a"), "n": .number("1.50"), "m": .map(["x": .number("7"), "y": .string("z")])]],
            schema: ServiceFixture.single
        )
        return fixture
    }

    @Test("If-None-Match takes lists, weak tags and * (M41)")
    func ifNoneMatch() async throws {
        let fixture = try filled()
        let tag = try #require(try fixture.request("/v1/items/a")["etag"])
        for field in [tag, "W/\(tag)", "\"x\", \(tag)", "*"] {
            let answer = try fixture.request("/v1/items/a", fields: ["If-None-Match: \(field)"])
            #expect(answer.status == 304, "\(field)")
            #expect(answer.body.isEmpty)
            let names = Set(answer.fields.map(\.name))
            #expect(names.isSuperset(of: ["etag", "date", "cache-control", "vary"]))
            #expect(names.isDisjoint(with: ["content-type", "content-length", "content-encoding", "last-modified"]))
        }
        #expect(try fixture.request("/v1/items/a", fields: ["If-None-Match: \"x\", \"y\""]).status == 200)
        #expect(try fixture.request("/v1/items/none", fields: ["If-None-Match: *"]).status == 404)
        #expect(try fixture.request("/v1/items/a?format=xml", fields: ["If-None-Match: *"]).status == 400)
        await fixture.stop()
    }

    @Test(
        "a 304 has the tag that the 200 in its place would have, whatever its size, its coding and how the client wrote it"
    )
    func sameTag() async throws {
        let fixture = try ServiceFixture()
        let sizes = ["small": 10, "middle": 1_100, "large": 1_200_000]
        try fixture.publish(
            sizes.map { ["id": .string($0), "text": .string(String(repeating: "x", count: $1))] },
            schema: ServiceFixture.single
        )
        let targets =
            sizes.keys.map { "/v1/items/\($0)" } + [
                "/v1/items/middle?fields=id", "/v1/items", "/v1/items/small/history", "/client.js", "/client.d.ts",
            ]
        for target in targets {
            for coding in [nil, "gzip", "identity", "gzip, identity;q=0", "br"] {
                let fields = coding.map { ["Accept-Encoding: \($0)"] } ?? []
                let whole = try fixture.request(target, method: "HEAD", fields: fields)
                let tag = try #require(whole["etag"], "\(target) \(whole.status)")
                let strong = tag.hasPrefix("W/") ? String(tag.dropFirst(2)) : tag
                for written in [strong, "W/\(strong)", strong.dropLast() + "-gzip\"", "*"] {
                    let answer = try fixture.request(target, fields: fields + ["If-None-Match: \(written)"])
                    #expect(answer.status == 304, "\(target) \(written)")
                    #expect(answer["etag"] == tag, "\(target) \(coding ?? "none") \(written)")
                }
            }
        }
        await fixture.stop()
    }

    @Test("If-Match compares strongly, and answers 412 (M41)")
    func ifMatch() async throws {
        let fixture = try filled()
        let tag = try #require(try fixture.request("/v1/items/a")["etag"])
        for field in [tag, "*", "\"x\", \(tag)"] {
            #expect(try fixture.request("/v1/items/a", fields: ["If-Match: \(field)"]).status == 200, "\(field)")
        }
        for field in ["\"x\"", "W/\(tag)", ""] {
            let answer = try fixture.request("/v1/items/a", fields: ["If-Match: \(field)"])
            #expect(answer.status == 412, "\(field)")
            #expect(answer.body.contains("urn:tablecast:problem:precondition-failed"))
            #expect(answer["cache-control"] == "no-store")
            #expect(answer["replica-position"] == "aaaaaaaa.1")
        }
        #expect(try fixture.request("/v1/items/none", fields: ["If-Match: \"x\""]).status == 404)
        await fixture.stop()
    }

    @Test(
        "If-Modified-Since takes the three forms of a date, ignores others, and gives way to If-None-Match (M41, M42)"
    )
    func ifModifiedSince() async throws {
        let fixture = try filled()
        let same = "Tue, 14 Nov 2023 22:13:20 GMT"
        #expect(try fixture.request("/v1/items/a")["last-modified"] == same)
        for date in [
            same, "Tuesday, 14-Nov-23 22:13:20 GMT", "Tue Nov 14 22:13:20 2023", "Wed, 15 Nov 2023 00:00:00 GMT",
        ] {
            #expect(try fixture.request("/v1/items/a", fields: ["If-Modified-Since: \(date)"]).status == 304, "\(date)")
        }
        for date in ["Tue, 14 Nov 2023 22:13:19 GMT", "yesterday", "2023-11-14T22:13:20Z", ""] {
            #expect(try fixture.request("/v1/items/a", fields: ["If-Modified-Since: \(date)"]).status == 200, "\(date)")
        }
        let both = ["If-Modified-Since: \(same)", "If-None-Match: \"x\""]
        #expect(try fixture.request("/v1/items/a", fields: both).status == 200)
        let before = ["If-Unmodified-Since: Tue, 14 Nov 2023 22:13:19 GMT"]
        #expect(try fixture.request("/v1/items/a", fields: before).status == 412)
        #expect(try fixture.request("/v1/items/a", fields: ["If-Unmodified-Since: \(same)"]).status == 200)
        await fixture.stop()
    }

    @Test("Range is ignored, however many there are (M43)")
    func range() async throws {
        let fixture = try filled()
        let whole = try fixture.request("/v1/items/a")
        let bomb = "bytes=" + (0..<500).map { "\($0)-" }.joined(separator: ",")
        for range in ["bytes=0-3", "bytes=0-0,-1", bomb, "lines=1-2"] {
            let answer = try fixture.request("/v1/items/a", fields: ["Range: \(range)"])
            #expect(answer.status == 200)
            #expect(answer.body == whole.body)
            #expect(answer["accept-ranges"] == "none")
        }
        await fixture.stop()
    }

    @Test("each representation has a tag of its own; a selection's goes by what it shows")
    func representations() async throws {
        let fixture = try filled()
        let targets = [
            "", "?format=dynamodb", "?numbers=string", "?fields=n", "?fields=m.x", "?fields=n&numbers=string",
        ]
        let answers = try targets.map { try fixture.request("/v1/items/a\($0)") }
        #expect(Set(answers.compactMap { $0["etag"] }).count == targets.count)
        #expect(answers[2].body.contains(#""n":"1.50""#) || answers[2].body.contains(#""n":"1.5""#))
        #expect(answers[4].body == #"{"m":{"x":7}}"#)
        let tag = try #require(answers[4]["etag"])
        try fixture.publish(
            [["id": .string("a"), "n": .number("2"), "m": .map(["x": .number("7"), "y": .string("new")])]],
            schema: ServiceFixture.single
        )
        #expect(try fixture.request("/v1/items/a?fields=m.x", fields: ["If-None-Match: \(tag)"]).status == 304)
        #expect(
            try fixture.request("/v1/items/a", fields: ["If-None-Match: \(answers[0]["etag"] ?? "")"]).status == 200
        )
        await fixture.stop()
    }

    @Test("a parameter that cannot be read is a 400 that points at the column")
    func badParameters() async throws {
        let fixture = try filled()
        for (query, column) in [
            ("until=n%20%3D%3D%3D%201", true), ("fields=a..b", true), ("numbers=text", false), ("max_lag=1d", false),
        ] {
            let answer = try fixture.request("/v1/items/a?\(query)")
            #expect(answer.status == 400, "\(query)")
            #expect(answer.body.contains(#""column":"#) == column, "\(answer.body)")
            let name = query.prefix { $0 != "=" }
            #expect(answer.body.contains(#""parameter":"\#(name)""#))
        }
        await fixture.stop()
    }

    @Test("max_lag turns an answer that is too old into a 503")
    func maximumLag() async throws {
        let fixture = try filled()
        #expect(try fixture.request("/v1/items/a?max_lag=12ms").status == 200)
        for target in ["/v1/items/a?max_lag=11ms", "/v1/items/a?max_lag=0"] {
            let answer = try fixture.request(target)
            #expect(answer.status == 503, "\(target)")
            #expect(answer.body.contains("urn:tablecast:problem:replica-too-stale"))
            #expect(answer.body.contains("The replica is 12 ms behind the table, and max_lag allows "))
            #expect((1...3).contains(Int(answer["retry-after"] ?? "") ?? 0))
            #expect(answer["cache-control"] == "no-store")
        }
        fixture.setStatus { $0.lagMilliseconds = nil }
        #expect(try fixture.request("/v1/items/a?max_lag=1h").status == 503)
        #expect(try fixture.request("/v1/items/a").status == 200)
        await fixture.stop()
    }
}
