import Basics
import ServiceTools
import TableModel
import Testing

@testable import API

/// Every key has a URL: in base64url also those that no path or query can hold as they are.
@Suite struct KeyTextEncodingTests {
    /// Texts that a path or a query cannot hold, or that a client or a proxy changes on the way.
    private static let odd = [
        "\u{0}", "a\u{0}b", ".", "..", "/", "a/b", "//", "../../etc", "%2F", "%00", "history", "batch-get", "?", "#",
        "a b", "+",
        "\r\n", "\u{7F}", "\u{FFFD}", "e\u{301}", "\u{E9}", "\u{1F600}", "~b64", ";", "=", "&",
    ]

    /// `odd`, and texts of random characters from a seed.
    private static var texts: [String] {
        var random = SplitMix64(seed: 7)
        let scalars: [Unicode.Scalar] = [
            "\u{0}", "/", ".", "%", "a", "\u{80}", "\u{7FF}", "\u{FFFF}", "\u{10FFFF}", "\n",
        ]
        let made = (0..<40).map { _ in
            var text = String.UnicodeScalarView()
            for _ in 0...Int(random.next() % 9) { text.append(scalars[Int(random.next() % UInt64(scalars.count))]) }
            return String(text)
        }
        return Array(Set((odd + made).map { Array($0.utf8) })).map { String(decoding: $0, as: UTF8.self) }
    }

    private static func encoded(_ text: String) -> String { Base64.encodeURL(Array(text.utf8)) }

    private static let strings = KeySchema(
        partition: KeyAttribute(name: "pk", type: .string),
        sort: KeyAttribute(name: "sk", type: .string)
    )

    @Test("items, lists, histories, conditions and feeds name any text in base64url")
    func composite() async throws {
        let fixture = try ServiceFixture()
        let texts = Self.texts
        let pairs = Array(zip(texts, texts.reversed()))
        try fixture.publish(
            pairs.enumerated().map { ["pk": .string($1.0), "sk": .string($1.1), "n": .number("\($0)")] },
            schema: Self.strings
        )
        let encoding = "key_encoding=base64url"
        for (number, (partition, sort)) in pairs.enumerated() {
            let (pk, sk) = (Self.encoded(partition), Self.encoded(sort))
            let body = #"{"n":\#(number)}"#
            let comment: Comment = "\(partition.debugDescription) \(sort.debugDescription)"
            for target in [
                "/v1/items/\(pk)/\(sk)?\(encoding)", "/v1/items?pk=\(pk)&sk=\(sk)&\(encoding)",
                "/v1/items/\(pk)?sk=\(sk)&\(encoding)",
                "/v1/items/\(pk)/\(sk)?\(encoding)&until=n%3D\(number)",
            ] {
                let answer = try fixture.request(target + "&fields=n")
                #expect(answer.status == 200 && answer.body == body, comment)
            }
            let history = try fixture.request("/v1/items/\(pk)/\(sk)/history?\(encoding)&fields=n")
            #expect(history.status == 200 && history.body.contains(#""item":{"n":\#(number)}"#), comment)
            for (query, count) in [("sk_prefix=\(sk)", 1), ("sk_from=\(sk)", 1), ("sk_to=\(sk)", 1)] {
                let target = "/v1/items?pk=\(pk)&\(query)&\(encoding)&fields=n"
                let list = try fixture.request(target)
                #expect(list.body.split(separator: #"{"n":"#).count - 1 >= count, comment)
                let monitor = try #require(list.links(from: target)["monitor"])
                #expect(monitor.contains(encoding))
                let page = monitor.replacing("/v1/events?since=aaaaaaaa.\(pairs.count)", with: "/v1/changes?since=0")
                let feed = try fixture.request(page)
                #expect(feed.status == 200 && feed.body.contains(#""item":{"n":\#(number)}"#), comment)
            }
            // Of no item: another partition.
            #expect(try fixture.request("/v1/items/\(pk)AAAA/\(sk)?\(encoding)").status == 404, comment)
        }
        await fixture.stop()
    }

    @Test("the path of a partition is a list with links that go on in base64url")
    func partition() async throws {
        let fixture = try ServiceFixture()
        try fixture.publish(
            (0..<5).map { ["pk": .string("a\u{0}/.."), "sk": .number("\($0)")] },
            schema: ServiceFixture.composite
        )
        let target = "/v1/items/\(Self.encoded("a\u{0}/.."))?key_encoding=base64url&limit=3&fields=sk&sk_from=1"
        let first = try fixture.request(target)
        #expect(first.body.hasPrefix(#"{"items":[{"sk":1},{"sk":2},{"sk":3}],"#))
        let second = try fixture.request(try #require(first.links(from: target)["next"]))
        #expect(second.body.hasPrefix(#"{"items":[{"sk":4}],"next":null,"#))
        await fixture.stop()
    }

    @Test("a table without a sort key: items and histories at their paths")
    func single() async throws {
        let fixture = try ServiceFixture()
        try fixture.publish(Self.texts.map { ["id": .string($0)] }, schema: ServiceFixture.single)
        for text in Self.texts {
            let path = "/v1/items/\(Self.encoded(text))"
            let item = try fixture.request("\(path)?key_encoding=base64url&format=dynamodb")
            #expect(item.status == 200, "\(text.debugDescription)")
            #expect(item.body.hasPrefix(#"{"id":{"S":"#))
            #expect(try fixture.request("\(path)/history?key_encoding=base64url").status == 200)
            let page = try fixture.request("/v1/items?pk=\(Self.encoded(text))&key_encoding=base64url")
            #expect(page.body.split(separator: #"{"id":"#).count == 2, "\(page.body)")
        }
        await fixture.stop()
    }

    @Test("keys of type N and B are written alike in both encodings")
    func otherTypes() async throws {
        let fixture = try ServiceFixture()
        try fixture.publish([["pk": .string("p"), "sk": .number("-1.5")]], schema: ServiceFixture.composite)
        #expect(try fixture.request("/v1/items/cA/-1.5?key_encoding=base64url").status == 200)
        try fixture.publish([["id": .binary([0, 255, 47])]], schema: ServiceFixture.binary)
        for query in ["", "?key_encoding=text", "?key_encoding=base64url"] {
            #expect(try fixture.request("/v1/items/AP8v\(query)").status == 200, "\(query)")
        }
        await fixture.stop()
    }

    @Test(
        "what is no base64url of UTF-8 is a 400 that says so",
        arguments: ["a", "%C3%A9", "a+b/", "w6k%3D%3D%3D", "gICA", "YQ%20"]
    )
    func invalid(text: String) async throws {
        let fixture = try ServiceFixture()
        try fixture.publish([["id": .string("a")]], schema: ServiceFixture.single)
        for target in [
            "/v1/items/\(text.replacing("/", with: "%2F"))?", "/v1/items?pk=\(text)&", "/v1/changes?pk=\(text)&",
        ] {
            let answer = try fixture.request(target + "key_encoding=base64url")
            #expect(answer.status == 400, "\(target) \(answer.body)")
            #expect(
                answer.body.contains("is UTF-8 in base64url with key_encoding=base64url"),
                "\(target) \(answer.body)"
            )
        }
        let unknown = try fixture.request("/v1/items/a?key_encoding=hex")
        #expect(
            unknown.body.contains("The query parameter 'key_encoding' cannot be 'hex': allowed are text, base64url.")
        )
        await fixture.stop()
    }
}
