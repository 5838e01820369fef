import ServiceTools
import TableModel
import Testing

@testable import API

@Suite struct BatchGetHandlerTests {
    private func composite(_ change: (inout APILimits) -> Void = { _ in }) throws -> ServiceFixture {
        let fixture = try ServiceFixture(limits: change)
        try fixture.publish(
            [
                ["pk": .string("a"), "sk": .number("1"), "text": .string("one")],
                ["pk": .string("a"), "sk": .number("2"), "text": .string("two")],
                ["pk": .string("b"), "sk": .number("1")],
            ],
            schema: ServiceFixture.composite
        )
        return fixture
    }

    private let path = "/v1/items/batch-get"

    @Test("answers with the items in the order of their keys, the keys without one, and the position of all")
    func found() async throws {
        let fixture = try composite()
        let answer = try fixture.post(
            path,
            #"{"keys":[{"pk":"b","sk":1},{"sk":{"N":"2.0"},"pk":{"S":"a"}},{"pk":"x","sk":"7"},{"pk":"a","sk":1e0}]}"#
        )
        #expect(answer.status == 200)
        #expect(
            answer.body
                == #"{"found":[{"pk":"b","sk":1},{"pk":"a","sk":2,"text":"two"},{"pk":"a","sk":1,"text":"one"}],"#
                + #""missing":[{"pk":"x","sk":7}],"as_of":{"position":"aaaaaaaa.3","lag_ms":12}}"#
        )
        #expect(answer["content-type"] == "application/json")
        #expect(answer["cache-control"] == "no-store")
        #expect(answer["replica-position"] == "aaaaaaaa.3")
        #expect(answer["replica-state"] == "live")
        await fixture.stop()
    }

    @Test("format, numbers and fields say how items appear")
    func representation() async throws {
        let fixture = try composite()
        let keys = #"{"keys":[{"pk":"a","sk":1},{"pk":"x","sk":7}]}"#
        let typed = try fixture.post("\(path)?format=dynamodb&fields=sk", keys)
        #expect(typed.body.hasPrefix(#"{"found":[{"sk":{"N":"1"}}],"missing":[{"pk":{"S":"x"},"sk":{"N":"7"}}],"#))
        let strings = try fixture.post("\(path)?numbers=string", keys)
        #expect(strings.body.contains(#""sk":"7""#))
        await fixture.stop()
    }

    @Test("binary keys are base64, as in plain items")
    func binary() async throws {
        let fixture = try ServiceFixture()
        try fixture.publish([["id": .binary([0xFB, 0xFF])]], schema: ServiceFixture.binary)
        for key in [#""+/8=""#, #"{"B":"+/8="}"#] {
            let answer = try fixture.post(path, #"{"keys":[{"id":\#(key)},{"id":"AA=="}]}"#)
            #expect(answer.body.hasPrefix(#"{"found":[{"id":"+/8="}],"missing":[{"id":"AA=="}],"#))
        }
        await fixture.stop()
    }

    @Test("a key given twice is a 400 that names it and both places, however it is spelled")
    func repeated() async throws {
        let fixture = try composite()
        let answer = try fixture.post(
            path,
            #"{"keys":[{"pk":"b","sk":1},{"pk":"a","sk":1},{"sk":{"N":"1.0"},"pk":{"S":"a"}}]}"#
        )
        #expect(answer.status == 400)
        let sentence = #"keys[2]: the key {\"pk\":\"a\",\"sk\":1} was given before, as keys[1]. Give each key once."#
        #expect(answer.body.contains(sentence), "\(answer.body)")
        #expect(answer.body.contains(#""index":2"#))
        await fixture.stop()
    }

    @Test("names are compared by their bytes: another normal form of the key's name is another name")
    func normalForms() async throws {
        let fixture = try ServiceFixture()
        let schema = KeySchema(partition: KeyAttribute(name: "\u{E9}", type: .string))
        try fixture.publish([["\u{E9}": .string("k1")]], schema: schema)
        let composed = try fixture.post(path, "{\"keys\":[{\"\u{E9}\":\"k1\"}]}")
        #expect(composed.status == 200 && composed.body.contains("k1"))
        let decomposed = try fixture.post(path, "{\"keys\":[{\"e\u{301}\":\"k1\"}]}")
        #expect(decomposed.status == 400)
        #expect(decomposed.body.contains("is not part of the table's key"), "\(decomposed.body)")
        await fixture.stop()
    }

    @Test(
        "a body that cannot be used is a 400 that names the key by index and attribute",
        arguments: [
            (#"{"keys":[{"pk":"a","sk":1},{"pk":"a"}]}"#, "keys[1]: 'sk' is missing.", #""parameter":"sk","index":1"#),
            (#"{"keys":[{"pk":1,"sk":1}]}"#, "keys[0]: 'pk' must be a string (S).", #""parameter":"pk","index":0"#),
            (#"{"keys":[{"pk":{"N":"1"},"sk":1}]}"#, "keys[0]: 'pk' must be a string (S).", #""index":0"#),
            (
                #"{"keys":[{"pk":"a","sk":"one"}]}"#, "keys[0]: 'sk' must be a number (N), or its digits as a string.",
                ""
            ),
            (#"{"keys":[{"pk":"a","sk":null}]}"#, "keys[0]: 'sk' must be a number (N)", ""),
            (
                #"{"keys":[{"pk":"a","sk":1,"text":"x"}]}"#, "keys[0]: 'text' is not part of the table's key (pk, sk).",
                ""
            ),
            (#"{"keys":[{"pk":"a","pk":"b","sk":1}]}"#, "keys[0]: 'pk' is given twice.", ""),
            (#"{"keys":[{"pk":"","sk":1}]}"#, "keys[0]: 'pk' is empty", ""),
            (#"{"keys":[]}"#, "must have the member 'keys' with 1 to 3 keys, such as {\\\"keys\\\":[{\\\"pk\\\":", ""),
            (#"{}"#, "must have the member 'keys'", ""),
            (
                #"{"keys":[{"pk":"a","sk":1}],"limit":3}"#,
                "The member 'limit' of the body is unknown: allowed is keys, once.", ""
            ),
            (#"{"keys":[],"keys":[]}"#, "The member 'keys' of the body is given twice", ""),
            (#"[]"#, "is not the JSON that it must be: expected an object, at byte 0.", "invalid-body"),
            (#"{"keys":[{"pk":"a","sk":1}]} x"#, "expected the end", "invalid-body"),
            ("", "is not the JSON that it must be", "invalid-body"),
            (
                #"{"keys":[{"pk":"a","sk":1},{"pk":"a","sk":2},{"pk":"a","sk":3},{"pk":"a","sk":4}]}"#,
                "The body has more than 3 keys.", "invalid-body"
            ),
        ]
    )
    func badBodies(body: String, detail: String, member: String) async throws {
        let fixture = try composite { $0.batchKeys = 3 }
        let answer = try fixture.post(path, body)
        #expect(answer.status == 400, "\(body)")
        #expect(answer["content-type"] == "application/problem+json")
        #expect(answer.body.contains(detail), "\(answer.body)")
        #expect(member.isEmpty || answer.body.contains(member), "\(answer.body)")
        await fixture.stop()
    }

    @Test("other types of content are 415, and a body over the server's limit 413")
    func contentTypes() async throws {
        let fixture = try composite()
        let keys = #"{"keys":[{"pk":"b","sk":1}]}"#
        for type in ["application/json", "Application/JSON; charset=utf-8", "application/json ;charset=utf-8"] {
            #expect(try fixture.post(path, keys, fields: ["Content-Type: \(type)"]).status == 200, "\(type)")
        }
        for fields in [["Content-Type: application/x-www-form-urlencoded"], ["Content-Type: text/json"], []] {
            let answer = try fixture.post(path, keys, fields: fields)
            #expect(answer.status == 415)
            #expect(answer.body.contains("send it with `Content-Type: application/json`"))
        }
        let large = try fixture.begin(path, method: "POST", fields: ["Content-Length: 1048577"])
        #expect(try fixture.answer(on: large).status == 413)
        await fixture.stop()
    }

    @Test("items of more bytes than an answer may have are a 400")
    func tooMuch() async throws {
        let fixture = try composite { $0.batchBytes = 40 }
        #expect(try fixture.post(path, #"{"keys":[{"pk":"b","sk":1}]}"#).status == 200)
        let answer = try fixture.post(path, #"{"keys":[{"pk":"a","sk":1},{"pk":"a","sk":2}]}"#)
        #expect(answer.status == 400)
        #expect(answer.body.contains("ask for fewer at once"))
        await fixture.stop()
    }

    @Test("an item may be named batch-get, and is read all the same")
    func name() async throws {
        let fixture = try ServiceFixture()
        try fixture.publish([["id": .string("batch-get")]], schema: ServiceFixture.single)
        #expect(try fixture.request(path).body == #"{"id":"batch-get"}"#)
        #expect(try fixture.request(path, method: "PUT")["allow"] == "POST, GET, HEAD, OPTIONS")
        await fixture.stop()
    }
}
