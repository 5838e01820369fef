import ServiceTools
import TableModel
import Testing

@testable import API

@Suite struct ListHandlerTests {
    /// Partitions p0…p3 with sort keys 0…4.
    private func filled() throws -> ServiceFixture {
        let fixture = try ServiceFixture()
        var items: [[AttributeName: AttributeValue]] = []
        for partition in 0..<4 {
            for sort in 0..<5 { items.append(["pk": .string("p\(partition)"), "sk": .number("\(sort)")]) }
        }
        try fixture.publish(items, schema: ServiceFixture.composite)
        return fixture
    }

    private struct Page {
        var items: [String] = []
        var next: String?
        var position = ""

        init(_ answer: Answer) throws {
            var page = (items: [String](), next: String?.none, position: "")
            try Array(answer.body.utf8).withUnsafeBytes { bytes in
                var json = JSONReader(bytes)
                try json.beginObject()
                while let name = try json.nextMember() {
                    switch name {
                    case "items":
                        try json.beginArray()
                        while try json.nextElement() {
                            var partition = ""
                            var sort: Int64 = 0
                            try json.beginObject()
                            while let name = try json.nextMember() {
                                if name == "pk" {
                                    partition = try json.readString()
                                } else {
                                    sort = try json.readInteger()
                                }
                            }
                            page.items.append("\(partition):\(sort)")
                        }
                    case "next": if try !json.readNull() { page.next = try json.readString() }
                    default:
                        try json.beginObject()
                        while let name = try json.nextMember() {
                            if name == "position" {
                                page.position = try json.readString()
                            } else {
                                try json.skipValue()
                            }
                        }
                    }
                }
                try json.readEnd()
            }
            (items, next, position) = page
        }
    }

    private func readAll(_ fixture: ServiceFixture, _ target: String) throws -> [String] {
        var items: [String] = []
        var cursor = ""
        for _ in 0..<100 {
            let page = try Page(fixture.request(target + cursor))
            items += page.items
            guard let next = page.next else { return items }
            cursor = "&cursor=\(next)"
        }
        Issue.record("the pages do not end")
        return items
    }

    @Test("pages through the whole table in key order, either way", arguments: [1, 3, 7, 20, 100])
    func pages(limit: Int) async throws {
        let fixture = try filled()
        let expected = (0..<4).flatMap { partition in (0..<5).map { "p\(partition):\($0)" } }
        #expect(try readAll(fixture, "/v1/items?limit=\(limit)") == expected)
        #expect(try readAll(fixture, "/v1/items?limit=\(limit)&order=desc") == expected.reversed())
        await fixture.stop()
    }

    @Test(
        "lists one partition, by path and by parameter",
        arguments: ["/v1/items/p2?limit=2", "/v1/items?pk=p2&limit=2"]
    )
    func partition(target: String) async throws {
        let fixture = try filled()
        #expect(try readAll(fixture, target) == (0..<5).map { "p2:\($0)" })
        #expect(try readAll(fixture, target + "&order=desc") == (0..<5).reversed().map { "p2:\($0)" })
        #expect(try readAll(fixture, "/v1/items/none?limit=1") == [])
        await fixture.stop()
    }

    @Test("links the next page, and its target works")
    func link() async throws {
        let fixture = try filled()
        let answer = try fixture.request("/v1/items?pk=p1&limit=3&order=desc")
        let link = try #require(answer["link"])
        #expect(link.hasPrefix("<?pk=p1&order=desc&limit=3&cursor="))
        #expect(link.hasSuffix(">; rel=\"next\""))
        let target = try #require(answer.links(from: "/v1/items?pk=p1&limit=3&order=desc")["next"])
        let next = try fixture.request(target)
        #expect(try Page(next).items == ["p1:1", "p1:0"])
        #expect(next.fields.contains { $0.name == "link" && $0.value.contains("next") } == false)
        await fixture.stop()
    }

    @Test(
        "links are relative, so that they work below any path of a proxy and leave out what others appended",
        arguments: ["/v1/items?pk=p1&", "/v1/items/p1?", "/v1/items/p%31?"]
    )
    func relativeLinks(start: String) async throws {
        let fixture = try filled()
        let target = start + "limit=3&utm_source=x&_=5"
        for prefix in ["", "/tc", "/a/b%2Fc"] {
            let links = try fixture.request(target).links(from: prefix + target)
            #expect(Set(links.keys) == ["next", "monitor"])
            let next = try #require(links["next"])
            let monitor = try #require(links["monitor"])
            #expect(next.hasPrefix(prefix + start.prefix { $0 != "?" } + "?"), "\(next)")
            #expect(monitor.hasPrefix(prefix + "/v1/events?since="), "\(monitor)")
            #expect(!next.contains("utm_") && !next.contains("_=") && !monitor.contains("utm_"))
            #expect(try Page(fixture.request(String(next.dropFirst(prefix.count)))).items == ["p1:3", "p1:4"])
            let feed = try fixture.request(String(monitor.dropFirst(prefix.count)) + "&timeout=0")
            #expect(feed.status == 200)
        }
        await fixture.stop()
    }

    @Test("where tells names apart by their bytes, and an item with two that differ in normal form appears with both")
    func normalForms() async throws {
        let fixture = try ServiceFixture()
        let both: AttributeValue = .map(["\u{E9}": .number("5"), "e\u{301}": .number("6")])
        let other: AttributeValue = .map(["\u{E9}": .number("6"), "e\u{301}": .number("5")])
        try fixture.publish(
            [["id": .string("both"), "m": both], ["id": .string("other"), "m": other]],
            schema: ServiceFixture.single
        )
        let answer = try fixture.request("/v1/items?where=m=%7B%60%C3%A9%60:5,%60e%CC%81%60:6%7D")
        #expect(answer.status == 200)
        let item = "{\"id\":\"both\",\"m\":{\"e\u{301}\":6,\"\u{E9}\":5}}"
        #expect(answer.body.utf8.starts(with: "{\"items\":[\(item)],".utf8), "\(answer.body)")
        await fixture.stop()
    }

    @Test("finds the one item of a partition where there is no sort key")
    func hashOnly() async throws {
        let fixture = try ServiceFixture()
        try fixture.publish([["id": .string("x")], ["id": .string("xy")]], schema: ServiceFixture.single)
        #expect(try fixture.request("/v1/items?pk=x").body.hasPrefix(#"{"items":[{"id":"x"}],"next":null,"#))
        #expect(try fixture.request("/v1/items?pk=q").body.hasPrefix(#"{"items":[],"next":null,"#))
        await fixture.stop()
    }

    @Test("tags a page weakly by its items, so that an unchanged list is 304")
    func weakTag() async throws {
        let fixture = try filled()
        let answer = try fixture.request("/v1/items?limit=2")
        let tag = try #require(answer["etag"])
        #expect(tag.hasPrefix("W/\""))
        #expect(try Page(answer).position == "aaaaaaaa.20")
        #expect(try fixture.request("/v1/items?limit=2", fields: ["If-None-Match: \(tag)"]).status == 304)
        #expect(try fixture.request("/v1/items?limit=3", fields: ["If-None-Match: \(tag)"]).status == 200)
        await fixture.stop()
    }

    @Test("ends a page early at the bound of its bytes, and loses nothing")
    func byteBound() async throws {
        let fixture = try ServiceFixture()
        let text = String(repeating: "x", count: 1500)
        let items: [[AttributeName: AttributeValue]] = (0..<10).map {
            ["pk": .string("p"), "sk": .number("\($0)"), "t": .string(text)]
        }
        try fixture.publish(items, schema: ServiceFixture.composite)
        let answer = try fixture.request("/v1/items?limit=1000")
        #expect(answer.body.utf8.count < 8000)
        #expect(answer["link"] != nil)
        await fixture.stop()
    }

    @Test(
        "names the parameter that is wrong, and what is allowed",
        arguments: [
            ("limit=0", "The query parameter 'limit' cannot be '0': give a whole number from 1 to 1000."),
            ("limit=1001", "cannot be '1001'"), ("limit=+5", "cannot be ' 5'"), ("limit=", "cannot be ''"),
            ("order=up", "The query parameter 'order' cannot be 'up': allowed are asc, desc."),
            ("format=xml", "allowed are plain, dynamodb."),
            (
                "limt=5",
                "The query parameter 'limt' is unknown: allowed are pk, sk, sk_prefix, sk_from, sk_to, key_encoding, "
            ),
            ("limit=5&limit=6", "The query parameter 'limit' is given more than once."),
            ("cursor=AAAA", "The query parameter 'cursor' cannot be 'AAAA': it is not one that this service gave."),
            ("pk=", "The query parameter 'pk' cannot be '': the key attribute 'pk' is never empty."),
            ("limit=%FF", "cannot be read"),
        ]
    )
    func badParameters(query: String, text: String) async throws {
        let fixture = try filled()
        let answer = try fixture.request("/v1/items?\(query)")
        #expect(answer.status == 400)
        #expect(answer["content-type"] == "application/problem+json")
        #expect(answer.body.contains(text), "\(answer.body)")
        await fixture.stop()
    }

    @Test("refuses a cursor of another partition or order")
    func boundCursor() async throws {
        let fixture = try filled()
        let cursor = try #require(try Page(fixture.request("/v1/items?pk=p1&limit=1")).next)
        #expect(try fixture.request("/v1/items/p1?limit=4&cursor=\(cursor)").status == 200)
        for query in ["pk=p2", "order=desc&pk=p1", "limit=1"] {
            let answer = try fixture.request("/v1/items?\(query)&cursor=\(cursor)")
            #expect(answer.status == 400)
            #expect(answer.body.contains("urn:tablecast:problem:invalid-cursor"))
        }
        await fixture.stop()
    }

    @Test(
        "reads ranges of a partition by sort key, both ways, by path and by parameter",
        arguments: [
            ("sk_from=2", [2, 3, 4]), ("sk_to=1.5", [0, 1]), ("sk_from=1&sk_to=3", [1, 2, 3]),
            ("sk_from=2&sk_to=2", [2]),
            ("sk_from=9", []), ("where=sk+%3E+1+AND+sk+!%3D+3", [2, 4]), ("sk_to=3&where=sk+IN+(0,3,4)", [0, 3]),
        ]
    )
    func ranges(query: String, sorts: [Int]) async throws {
        let fixture = try filled()
        let expected = sorts.map { "p1:\($0)" }
        for limit in [1, 2, 100] {
            for target in ["/v1/items/p1?", "/v1/items?pk=p1&"] {
                #expect(try readAll(fixture, "\(target)\(query)&limit=\(limit)") == expected)
                let reversed = try readAll(fixture, "\(target)\(query)&limit=\(limit)&order=desc")
                #expect(reversed == expected.reversed())
            }
        }
        await fixture.stop()
    }

    @Test("finds what a predicate holds for in the whole table, with short and empty pages on the way")
    func filteredTable() async throws {
        let fixture = try ServiceFixture(limits: { $0.pageRecords = 3 })
        var items: [[AttributeName: AttributeValue]] = []
        for sort in 0..<20 { items.append(["pk": .string("p"), "sk": .number("\(sort)")]) }
        try fixture.publish(items, schema: ServiceFixture.composite)
        let first = try Page(fixture.request("/v1/items?where=sk+%3D+17"))
        #expect(first.items.isEmpty && first.next != nil)
        #expect(try readAll(fixture, "/v1/items?where=sk+%3D+17") == ["p:17"])
        #expect(try readAll(fixture, "/v1/items?where=sk+%3D+99") == [])
        await fixture.stop()
    }

    @Test("shows the fields, the format and the numbers asked for")
    func representation() async throws {
        let fixture = try ServiceFixture()
        try fixture.publish(
            [["pk": .string("p"), "sk": .number("1.50"), "m": .map(["a": .number("2"), "b": .null])]],
            schema: ServiceFixture.composite
        )
        for (query, expected) in [
            ("fields=sk", #"{"sk":1.50}"#), ("fields=m.a,pk", #"{"m":{"a":2},"pk":"p"}"#), ("fields=x", "{}"),
            ("fields=sk&numbers=string", #"{"sk":"1.50"}"#),
            ("fields=m.b&format=dynamodb", #"{"m":{"M":{"b":{"NULL":true}}}}"#),
        ] {
            #expect(try fixture.request("/v1/items?\(query)").body.hasPrefix(#"{"items":[\#(expected)],"#), "\(query)")
            #expect(try fixture.request("/v1/items/p/1.5?\(query)").body == expected, "\(query)")
        }
        await fixture.stop()
    }

    @Test("is the one item with pk and sk, its tag and its problems included")
    func oneItem() async throws {
        let fixture = try filled()
        let direct = try fixture.request("/v1/items/p1/3")
        for target in ["/v1/items?pk=p1&sk=3", "/v1/items/p1?sk=3", "/v1/items?pk=p1&sk=3.0"] {
            let answer = try fixture.request(target)
            #expect(answer.status == 200 && answer.body == direct.body && answer["etag"] == direct["etag"])
            #expect(try fixture.request(target, fields: ["If-None-Match: \(direct["etag"] ?? "")"]).status == 304)
        }
        #expect(try fixture.request("/v1/items?pk=p1&sk=3&fields=pk").body == #"{"pk":"p1"}"#)
        #expect(try fixture.request("/v1/items?pk=p1&sk=77").status == 404)
        for name in ["limit=5", "cursor=AAAA", "order=desc", "where=a%3D1", "sk_from=1", "sk_to=1", "sk_prefix=1"] {
            let answer = try fixture.request("/v1/items?pk=p1&sk=3&\(name)")
            #expect(answer.status == 400)
            #expect(answer.body.contains("with sk the answer is one item"), "\(answer.body)")
        }
        await fixture.stop()
    }

    @Test("leaves links out that would make the head longer than clients and proxies take")
    func longLinks() async throws {
        let fixture = try filled()
        for (length, count) in [(100, 2), (1482, 1), (4000, 0)] {
            let text = String(repeating: "(", count: (length - 20) / 3)
            let answer = try fixture.request("/v1/items?limit=3&where=pk%20!%3D%20'\(text)'")
            #expect(answer.status == 200)
            let links = answer.fields.filter { $0.name == "link" }
            #expect(links.count == count, "\(length): \(links.map(\.value.count))")
            #expect(links.allSatisfy { $0.value.utf8.count < 1600 })
            // The body has the cursor all the same.
            #expect(try Page(answer).next != nil)
        }
        await fixture.stop()
    }

    @Test("links the feed of the same items, from the first page's position on every page")
    func monitorLink() async throws {
        func monitor(_ answer: Answer) -> String? {
            answer.fields.last { $0.name == "link" && $0.value.hasSuffix("; rel=\"monitor\"") }?.value
        }
        let fixture = try filled()
        let first = try fixture.request("/v1/items/p1?limit=2&where=sk+%3C+9&fields=pk,sk&order=desc&numbers=number")
        let expected =
            "<../events?since=aaaaaaaa.20&pk=p1&where=sk%20%3C%209&fields=pk%2Csk&numbers=number>; rel=\"monitor\""
        #expect(monitor(first) == expected)
        // The replica moves on, and so does each page's as_of; the link does not.
        var items: [[AttributeName: AttributeValue]] = []
        for sort in 0..<25 { items.append(["pk": .string("p1"), "sk": .number("\(sort)")]) }
        try fixture.publish(items, schema: ServiceFixture.composite)
        let second = try fixture.request(try #require(first.links(from: "/v1/items/p1")["next"]))
        #expect(try Page(second).position == "aaaaaaaa.25")
        #expect(monitor(second) == expected)
        await fixture.stop()
    }

    @Test("a cursor is good on another replica of the table, and keeps its position")
    func otherReplica() async throws {
        let fixture = try filled()
        let cursor = try #require(try Page(fixture.request("/v1/items?pk=p1&limit=2")).next)
        let other = try ServiceFixture()
        try other.publish(
            (0..<5).map { ["pk": AttributeValue.string("p1"), "sk": .number("\($0)")] },
            schema: ServiceFixture.composite,
            epoch: "bbbbbbbb"
        )
        let answer = try other.request("/v1/items?pk=p1&cursor=\(cursor)")
        #expect(try Page(answer).items == ["p1:2", "p1:3", "p1:4"])
        // Neither replica knows the times of its stream, so no replica can place the reader: its feed begins with a reset, and nothing is
        // missed.
        #expect(answer["link"]?.contains("since=zzzzzzzz.0&") == true)
        await fixture.stop()
        await other.stop()
    }

    @Test("the tag of a page does not change while its items do not, though positions move")
    func steadyTag() async throws {
        let fixture = try ServiceFixture()
        let items: [[AttributeName: AttributeValue]] = (0..<5).map { ["pk": .string("p"), "sk": .number("\($0)")] }
        try fixture.publish(items, schema: ServiceFixture.composite)
        let tag = try #require(try fixture.request("/v1/items?limit=2")["etag"])
        try fixture.publish(items + items, schema: ServiceFixture.composite)
        let again = try fixture.request("/v1/items?limit=2")
        #expect(again["etag"] == tag)
        #expect(try fixture.request("/v1/items?limit=2&fields=sk")["etag"] != tag)
        let unchanged = try fixture.request("/v1/items?limit=2", fields: ["If-None-Match: \(tag)"])
        #expect(unchanged.members(of: "vary") == ["Accept", "Accept-Encoding"])
        await fixture.stop()
    }

    @Test("exports a query as NDJSON with its last line, and HEAD takes no place")
    func export() async throws {
        let fixture = try ServiceFixture(limits: { $0.exports = 1 })
        let items: [[AttributeName: AttributeValue]] = (0..<5).map { ["pk": .string("p"), "sk": .number("\($0)")] }
        try fixture.publish(items, schema: ServiceFixture.composite)
        let accept = ["Accept: application/x-ndjson"]
        for _ in 0..<3 {
            let answer = try fixture.request("/v1/items?pk=p&sk_from=3&fields=sk", fields: accept)
            #expect(answer["content-type"] == "application/x-ndjson")
            #expect(answer.members(of: "vary") == ["Accept", "Accept-Encoding"])
            #expect(answer["link"] == "<events?since=aaaaaaaa.5&pk=p&sk_from=3&fields=sk>; rel=\"monitor\"")
            #expect(answer.body == "{\"sk\":3}\n{\"sk\":4}\n{\"as_of\":{\"position\":\"aaaaaaaa.5\",\"lag_ms\":12}}\n")
            #expect(try fixture.request("/v1/items", method: "HEAD", fields: accept).status == 200)
        }
        let limited = try fixture.request("/v1/items?limit=2&fields=sk", fields: accept).body
        let cursor = try #require(limited.split(separator: "\"next\":\"").last?.prefix { $0 != "\"" })
        #expect(limited.hasPrefix("{\"sk\":0}\n{\"sk\":1}\n{\"as_of\":"))
        let rest = try fixture.request("/v1/items?fields=sk&limit=5000&cursor=\(cursor)", fields: accept).body
        #expect(rest.hasPrefix("{\"sk\":2}\n{\"sk\":3}\n{\"sk\":4}\n{\"as_of\":"))
        #expect(!rest.contains("next"))
        await fixture.stop()
    }

    @Test("refuses an export beyond the bound, and says when to come back")
    func exportBound() async throws {
        let fixture = try ServiceFixture(limits: { $0.exports = 0 })
        try fixture.publish([["pk": .string("p"), "sk": .number("1")]], schema: ServiceFixture.composite)
        let answer = try fixture.request("/v1/items", fields: ["Accept: application/x-ndjson"])
        #expect(answer.status == 503)
        #expect((5...11).contains(Int(answer["retry-after"] ?? "") ?? 0))
        #expect(answer.body.contains("urn:tablecast:problem:too-many-exports"))
        #expect(try fixture.request("/v1/items").status == 200)
        await fixture.stop()
    }

    @Test("says what a list can be where Accept allows neither")
    func notAcceptable() async throws {
        let fixture = try filled()
        for target in ["/v1/items", "/v1/items/p1"] {
            let answer = try fixture.request(target, fields: ["Accept: text/csv"])
            #expect(answer.status == 406)
            #expect(
                answer.body.contains(
                    "A list cannot be 'text/csv': allowed in Accept are application/json, application/x-ndjson."
                )
            )
            #expect(answer.body.contains(#""allowed":["application/json","application/x-ndjson"]"#))
        }
        await fixture.stop()
    }

    @Test("points at the column of a predicate that cannot be read")
    func column() async throws {
        let fixture = try filled()
        let answer = try fixture.request("/v1/items?where=state+%3D%3D+%27paid%27")
        #expect(answer.status == 400)
        #expect(answer.body.contains("column 8: found '= 'paid'', expected an attribute's name"), "\(answer.body)")
        #expect(answer.body.contains(#""parameter":"where","column":8"#))
        await fixture.stop()
    }
}
