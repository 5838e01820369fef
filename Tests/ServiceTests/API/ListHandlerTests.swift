import TableModel
import Testing

@testable import Service

@Suite struct ListHandlerTests {
    /// Partitions p0…p3 with sort keys 0…4.
    private func filled() throws -> ServiceFixture {
        let fixture = try ServiceFixture()
        var items: [[String: AttributeValue]] = []
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
                try json.readObject { name, json throws(JSONError) in
                    switch name {
                    case "items":
                        try json.readArray { json throws(JSONError) in
                            var partition = ""
                            var sort: Int64 = 0
                            try json.readObject { name, json throws(JSONError) in
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
                        try json.readObject { name, json throws(JSONError) in
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
        #expect(link.hasPrefix("</v1/items?pk=p1&order=desc&limit=3&cursor="))
        #expect(link.hasSuffix(">; rel=\"next\""))
        let target = String(link.dropFirst().prefix { $0 != ">" })
        let next = try fixture.request(target)
        #expect(try Page(next).items == ["p1:1", "p1:0"])
        #expect(next.fields.contains { $0.name == "link" && $0.value.contains("next") } == false)
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
        let items = (0..<10).map { ["pk": AttributeValue.string("p"), "sk": .number("\($0)"), "t": .string(text)] }
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
            ("limt=5", "The query parameter 'limt' is unknown: allowed are pk, sk, sk_prefix, sk_from, sk_to, where, "),
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
}
