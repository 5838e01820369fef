import TableModel
import Testing

@Suite struct PartialItemTests {
    private static let hashOnly = KeySchema(partition: KeyAttribute(name: "id", type: .string))
    private static let composite = KeySchema(
        partition: KeyAttribute(name: "id", type: .string),
        sort: KeyAttribute(name: "n", type: .number)
    )

    private func partial(_ text: String) -> PartialItem {
        Array(text.utf8).withUnsafeBytes { PartialItem($0, reason: "unknown type") }
    }

    @Test("keeps what can be read, and with it the key")
    func key() throws {
        let item = partial(#"{"x":{"X":"1"},"n":{"N":"7"},"id":{"S":"a"},"e":{"B":"!"}}"#)
        #expect(item.attributes == ["id": .string("a"), "n": .number("7")])
        #expect(item.reason == "unknown type")
        #expect(try item.key(schema: Self.hashOnly) == ItemKey(partition: .string("a"), schema: Self.hashOnly))
        #expect(
            try item.key(schema: Self.composite)
                == ItemKey(partition: .string("a"), sort: .number("7"), schema: Self.composite)
        )
    }

    @Test(
        "has no key where an attribute of it cannot be read, occurs twice, or nothing can be read",
        arguments: [
            #"{"id":{"X":"a"},"n":{"N":"1"}}"#, #"{"id":{"S":"a"},"n":{"N":"x"}}"#, "7", "null", "[]",
            #"{"id":{"S":"a"},"n":{"N":"1"},"id":{"S":"b"}}"#,
            #"{"id":{"S":"a"},"n":{"N":"1"},"id":{"S":"b"},"id":{"S":"c"}}"#,
        ]
    )
    func noKey(_ text: String) throws {
        #expect(try partial(text).key(schema: Self.composite) == nil)
    }

    @Test(
        "throws where what can be read is no key of the schema: the item is of another table",
        arguments: [#"{"pk":{"S":"a"},"x":{"X":"1"}}"#, #"{"id":{"N":"1"},"n":{"N":"1"},"x":{"X":"1"}}"#]
    )
    func otherTable(_ text: String) {
        #expect(throws: KeyError.self) { try partial(text).key(schema: Self.composite) }
    }

    @Test("a value that is no JSON of ours, a lone surrogate or nested too deep, is a fault of its attribute")
    func oddJSON() throws {
        let deep = String(repeating: #"{"L":["#, count: 200) + #"{"S":"x"}"# + String(repeating: "]}", count: 200)
        for value in [#"{"S":"\ud800"}"#, deep, #"{"S":"\x"}"#, #"{"S":"a\\\""}"#] {
            let item = partial(#"{"odd":\#(value),"id":{"S":"a"}}"#)
            #expect(try item.key(schema: Self.hashOnly) == ItemKey(partition: .string("a"), schema: Self.hashOnly))
        }
    }

    @Test(
        "what is not closed is no value",
        arguments: [#"{"a":"#, #"["a"#, #""a\"#, #""a\"x"#, "{]", "", "  ", "nul", "<a>"]
    )
    func notClosed(_ text: String) {
        Array(text.utf8).withUnsafeBytes { bytes in
            var json = JSONReader(bytes)
            let skipped = try? json.skipLoosely()
            if skipped != nil { #expect(text == "{]", "\(text)") }
        }
    }

    @Test("names that differ only in Unicode normal form are two attributes")
    func normalForms() {
        let item = partial("{\"e\u{301}\":{\"S\":\"a\"},\"\u{E9}\":{\"S\":\"b\"},\"x\":{\"X\":1}}")
        #expect(item.attributes == ["e\u{301}": .string("a"), "\u{E9}": .string("b")])
    }
}
