import ServiceTools
import TableModel
import Testing

@testable import API

@Suite struct ItemHandlerTests {
    private func composite() throws -> ServiceFixture {
        let fixture = try ServiceFixture()
        try fixture.publish(
            [
                ["pk": .string("a/b c"), "sk": .number("100"), "n": .number("1.50"), "b": .binary([1, 2])],
                ["pk": .string("ä"), "sk": .number("-0.5")],
            ],
            schema: ServiceFixture.composite
        )
        return fixture
    }

    @Test("answers with the bare item, its tag, and how current it is")
    func item() async throws {
        let fixture = try composite()
        let answer = try fixture.request("/v1/items/a%2Fb%20c/1E+2")
        #expect(answer.status == 200)
        #expect(
            answer.body == #"{"b":"AQI=","n":1.50,"pk":"a/b c","sk":100}"# || answer.body.contains(#""pk":"a/b c""#)
        )
        #expect(answer["content-type"] == "application/json")
        #expect(answer["cache-control"] == "no-cache")
        #expect(answer["replica-position"] == "aaaaaaaa.2")
        #expect(answer["replica-lag"] == "12")
        #expect(answer["replica-state"] == "live")
        #expect(answer["access-control-allow-origin"] == "*")
        let tag = try #require(answer["etag"])
        #expect(tag.utf8.count == 36)
        await fixture.stop()
    }

    @Test("writes the typed form when asked for it, under another tag")
    func typedForm() async throws {
        let fixture = try composite()
        let plain = try fixture.request("/v1/items/%C3%A4/-0.5")
        let typed = try fixture.request("/v1/items/%C3%A4/-0.5?format=dynamodb")
        #expect(typed.body == #"{"pk":{"S":"ä"},"sk":{"N":"-0.5"}}"#)
        #expect(typed["etag"] != plain["etag"])
        await fixture.stop()
    }

    @Test("gives equal items equal tags on every replica, and another tag after a change")
    func tags() async throws {
        let first = try ServiceFixture()
        let second = try ServiceFixture()
        let item: [AttributeName: AttributeValue] = [
            "id": .string("x"), "set": .stringSet(["b", "a"]), "n": .number("10"),
        ]
        let same: [AttributeName: AttributeValue] = [
            "id": .string("x"), "set": .stringSet(["a", "b"]), "n": .number("10"),
        ]
        try first.publish([item], schema: ServiceFixture.single)
        try second.publish([["id": .string("w")], same], schema: ServiceFixture.single, epoch: "bbbbbbbb")
        let tag = try #require(try first.request("/v1/items/x")["etag"])
        #expect(try second.request("/v1/items/x")["etag"] == tag)
        try first.publish([["id": .string("x"), "n": .number("11")]], schema: ServiceFixture.single)
        #expect(try first.request("/v1/items/x")["etag"] != tag)
        await first.stop()
        await second.stop()
    }

    @Test("answers 304 without a body when the client has the item")
    func notModified() async throws {
        let fixture = try composite()
        let tag = try #require(try fixture.request("/v1/items/%C3%A4/-0.5")["etag"])
        let answer = try fixture.request("/v1/items/%C3%A4/-0.5", fields: ["If-None-Match: \"x\", W/\(tag)"])
        #expect(answer.status == 304)
        #expect(answer.body.isEmpty)
        #expect(answer["etag"] == tag)
        #expect(answer["cache-control"] == "no-cache")
        #expect(answer["content-type"] == nil)
        #expect(try fixture.request("/v1/items/%C3%A4/-0.5", fields: ["If-None-Match: \"x\""]).status == 200)
        await fixture.stop()
    }

    @Test("answers HEAD with the head of GET and no body")
    func head() async throws {
        let fixture = try composite()
        let get = try fixture.request("/v1/items/%C3%A4/-0.5")
        let head = try fixture.request("/v1/items/%C3%A4/-0.5", method: "HEAD")
        #expect(head.status == 200)
        #expect(head.body.isEmpty)
        #expect(head["content-length"] == get["content-length"])
        #expect(head["etag"] == get["etag"])
        await fixture.stop()
    }

    @Test("says that there is no such item, as a problem that says how current it is")
    func notFound() async throws {
        let fixture = try composite()
        let answer = try fixture.request("/v1/items/zz/1", fields: ["X-Request-Id: r-1"])
        #expect(answer.status == 404)
        #expect(answer["content-type"] == "application/problem+json")
        #expect(answer["cache-control"] == "no-store")
        #expect(answer["replica-position"] == "aaaaaaaa.2")
        #expect(
            answer.body
                == #"{"type":"urn:tablecast:problem:item-not-found","title":"Not Found","status":404,"#
                + #""detail":"The table has no item under this key.","request_id":"r-1"}"#
        )
        await fixture.stop()
    }

    @Test("says what is wrong with a key")
    func badKeys() async throws {
        let fixture = try composite()
        let number = try fixture.request("/v1/items/a/one")
        #expect(number.status == 400)
        #expect(number.body.contains("The key attribute 'sk' cannot be 'one': it is a number (N) of at most 38 digits"))
        #expect(
            try fixture.request("/v1/items/%FF/1").body.contains(
                "The key attribute 'pk' cannot be '\u{FFFD}': it must be UTF-8."
            )
        )
        try fixture.publish([["id": .binary([255])]], schema: ServiceFixture.binary)
        #expect(try fixture.request("/v1/items/_w").status == 200)
        #expect(try fixture.request("/v1/items/a%20b").body.contains("is binary (B): give it as base64url"))
        let tooMany = try fixture.request("/v1/items/_w/1")
        #expect(tooMany.status == 400)
        #expect(tooMany.body.contains("The table has no sort key"))
        await fixture.stop()
    }
}
