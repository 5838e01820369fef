import TableModel
import Testing

/// Names that Swift's `String` takes for one, as it compares by canonical equivalence.
@Suite struct AttributeNameTests {
    /// `é` as one scalar: C3 A9.
    static let composed: AttributeName = "\u{E9}"
    /// `é` as `e` and a combining accent: 65 CC 81, which sorts first.
    static let decomposed: AttributeName = "e\u{301}"

    @Test("names that differ only in Unicode normal form are two, in the order of their bytes")
    func twoNames() {
        #expect(Self.composed.text == Self.decomposed.text)
        #expect(Self.composed != Self.decomposed)
        #expect(Self.decomposed < Self.composed)
        #expect(Set([Self.composed, Self.decomposed, "\u{E9}", AttributeName("e\u{301}")]).count == 2)
        // The kelvin sign is canonically an ASCII letter.
        #expect(AttributeName("\u{212A}") != "K")
        #expect("\(Self.decomposed)".utf8.elementsEqual("e\u{301}".utf8))
        #expect(
            ["b", "", "a\u{0}", "a", "😀", "\u{FFFF}"].map { AttributeName($0) }.sorted() == [
                "", "a", "a\0", "b", "\u{FFFF}", "😀",
            ]
        )
    }

    @Test("an item with both keeps both on every way, sorted by bytes, at the top and in a map")
    func bothSurvive() throws {
        let both: [AttributeName: AttributeValue] = [Self.composed: .number("5"), Self.decomposed: .number("6")]
        var attributes = both
        attributes["m"] = .map(both)
        let item = Item(attributes)
        #expect(item.attributes.count == 3)
        #expect(item.attributes == attributes)
        #expect(item["\u{E9}"] == .number("5") && item["e\u{301}"] == .number("6"))
        let members =
            "\"e\u{301}\":{\"N\":\"6\"},\"m\":{\"M\":{\"e\u{301}\":{\"N\":\"6\"},\"\u{E9}\":{\"N\":\"5\"}}},\"\u{E9}\":{\"N\":\"5\"}"
        #expect(typedJSON(item).utf8.elementsEqual("{\(members)}".utf8))
        let read = try reading(
            "{\"\u{E9}\":{\"N\":\"5\"},\"e\u{301}\":{\"N\":\"6\"},\"m\":{\"M\":{\"\u{E9}\":{\"N\":\"5\"},\"e\u{301}\":{\"N\":\"6\"}}}}"
        ) {
            json in try json.readItem()
        }
        #expect(read == item)
        let value = try reading("{\"M\":{\"\u{E9}\":{\"N\":\"5\"},\"e\u{301}\":{\"N\":\"6\"}}}") {
            json in try json.readAttributeValue()
        }
        #expect(value == .map(both))
    }

    @Test("values that differ only in Unicode normal form are two, of every type that has text")
    func values() {
        let pairs: [(AttributeValue, AttributeValue)] = [
            (.string("\u{E9}"), .string("e\u{301}")), (.stringSet(["\u{E9}"]), .stringSet(["e\u{301}"])),
            (.list([.string("\u{E9}")]), .list([.string("e\u{301}")])),
            (.map([Self.composed: .null]), .map([Self.decomposed: .null])),
        ]
        for (left, right) in pairs {
            #expect(left == left && left != right)
            #expect(Set([left, right, left]).count == 2)
        }
    }

    @Test("a key whose two attributes are so named keeps both, and other such names make another schema")
    func keys() throws {
        let schema = KeySchema(
            partition: KeyAttribute(name: Self.composed.text, type: .string),
            sort: KeyAttribute(name: Self.decomposed.text, type: .number)
        )
        let key = try ItemKey(partition: .string("p"), sort: .number("1"), schema: schema)
        #expect(try key.attributes(schema: schema) == [Self.composed: .string("p"), Self.decomposed: .number("1")])
        let one = KeySchema(partition: KeyAttribute(name: Self.composed.text, type: .string))
        let other = KeySchema(partition: KeyAttribute(name: Self.decomposed.text, type: .string))
        #expect(one != other && Set([one, other, one]).count == 2)
    }
}
