import TableModel
import Testing

@Suite struct PackedItemTests {
    @Test("plain JSON shows each type as the HTTP contract says")
    func plain() {
        let item = Item([
            "s": .string("a\"\\\n\u{1}é\u{2028}😀/"), "n": .number("12345678901234567890123456789012345678"),
            "t": .bool(true),
            "f": .bool(false), "z": .null, "b": .binary([1, 2, 255]), "ss": .stringSet(["b", "a"]),
            "ns": .numberSet(["10", "9.5"]), "bs": .binarySet([[2], [1]]), "l": .list([.number("1"), .list([])]),
            "m": .map(["k": .string(""), "": .map([:])]),
        ])
        #expect(
            plainJSON(item)
                == #"{"b":"AQL/","bs":["AQ==","Ag=="],"f":false,"l":[1,[]],"m":{"":{},"k":""},"n":12345678901234567890123456789012345678,"ns":[9.5,10],"s":"a\"\\\n\u0001é"#
                + "\u{2028}😀/" + #"","ss":["a","b"],"t":true,"z":null}"#
        )
    }

    @Test(
        "numbers that are no JSON numbers are written canonically, and always lossless in the typed form",
        arguments: [
            ("+5", "5"), (".5", "0.5"), ("5.", "5"), ("007", "7"), ("-0.50", "-0.50"), ("1E+2", "1E+2"),
            (".5E125", "5" + String(repeating: "0", count: 124)),
            ("+1E-130", "0." + String(repeating: "0", count: 129) + "1"), ("not a number", "\"not a number\""),
        ]
    )
    func numbers(stored: String, plain: String) {
        let item = Item(["n": .number(stored), "l": .numberSet([stored])])
        #expect(plainJSON(item) == #"{"l":["# + plain + #"],"n":"# + plain + "}")
        #expect(plainJSON(item, .string) == #"{"l":[""# + stored + #""],"n":""# + stored + #""}"#)
        #expect(typedJSON(item) == #"{"l":{"NS":[""# + stored + #""]},"n":{"N":""# + stored + #""}}"#)
    }

    @Test("both forms of random items are valid JSON", arguments: 0..<4 as Range<UInt64>)
    func valid(seed: UInt64) throws {
        var random = RandomValues(seed: 50 + seed)
        for _ in 0..<200 {
            let item = Item(random.attributes())
            try reading(plainJSON(item)) { json in try json.skipValue() }
            try reading(plainJSON(item, .string)) { json in try json.skipValue() }
            try reading(typedJSON(item)) { json in try json.skipValue() }
        }
    }
}
