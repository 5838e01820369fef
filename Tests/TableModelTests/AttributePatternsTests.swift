import Testing

@testable import TableModel

/// Sets of attribute names, and items without those attributes.
@Suite struct AttributePatternsTests {
    @Test(
        "names and prefixes are compared by their bytes",
        arguments: [
            (
                "aws:rep:*", ["aws:rep:deleting", "aws:rep:"],
                ["aws:rep", "aws:repl:x", "AWS:REP:x", "x aws:rep:y", ""]
            ),
            ("a, b", ["a", "b"], ["A", "ab", "a,", " b"]), ("*", ["", "a"], []), ("é*", ["éa"], ["e\u{301}a", "e"]),
            ("a,a*", ["a", "ab"], ["b"]),
        ] as [(String, [String], [String])]
    )
    func names(text: String, inside: [String], outside: [String]) throws {
        let patterns = try #require(AttributePatterns(text))
        for name in inside { #expect(patterns.contains(name), "\(name)") }
        for name in outside { #expect(!patterns.contains(name), "\(name)") }
        #expect(AttributePatterns(patterns.description) == patterns)
    }

    @Test("a text is a set: neither order nor repetition counts")
    func canonical() throws {
        let patterns = try #require(AttributePatterns("b*, a,b*,a"))
        #expect(patterns == AttributePatterns("a,b*"))
        #expect(patterns.description == "a,b*")
        #expect(!patterns.isEmpty && AttributePatterns.none.isEmpty && AttributePatterns.none.description.isEmpty)
    }

    @Test("an empty name, a star in another place and too many patterns are refused")
    func invalid() {
        for text in ["", "a,,b", ",", " ", "a,", "*a", "a*b", "a**"] {
            #expect(AttributePatterns(text) == nil, "\(text)")
        }
        let names = (0..<AttributePatterns.limit).map { "a\($0)" }.joined(separator: ",")
        #expect(AttributePatterns(names) != nil && AttributePatterns(names + ",b") == nil)
    }

    @Test("a random item loses exactly those attributes, and its bytes are those of an item that never had them")
    func items() throws {
        var random = RandomValues(seed: 7)
        var changed = 0
        for text in ["a*", "plain*,id", "😀", "*"] {
            let patterns = try #require(AttributePatterns(text))
            for _ in 0..<200 {
                let attributes = random.attributes()
                let rest = attributes.filter { !patterns.contains($0.key.text) }
                if rest.count < attributes.count { changed += 1 }
                #expect(Item(attributes).removing(patterns) == Item(rest))
            }
        }
        #expect(changed > 100)
    }

    @Test("an item of many attributes is packed anew, also where its count becomes shorter")
    func many() throws {
        var attributes: [AttributeName: AttributeValue] = [:]
        for number in 0..<400 { attributes["n\(number)"] = .number("\(number)") }
        for text in ["n1*", "n399", "n1*,n2*,n3*", "m*"] {
            let patterns = try #require(AttributePatterns(text))
            let rest = attributes.filter { !patterns.contains($0.key.text) }
            #expect(Item(attributes).removing(patterns) == Item(rest))
        }
    }

    @Test("a batch keeps its keys, and loses the attributes of every item")
    func batch() throws {
        let schema = KeySchema(partition: KeyAttribute(name: "id", type: .string))
        let patterns = try #require(AttributePatterns("aws:rep:*"))
        var batch = ItemBatch()
        for (id, extra) in [("a", #","aws:rep:updatetime":{"N":"1"}"#), ("b", ""), ("c", #","aws:rep:x":{"M":{}}"#)] {
            let text = #"{"id":{"S":"\#(id)"},"v":{"L":[{"NULL":true}]}\#(extra)}"#
            try reading(text) { json in try json.readItem(into: &batch, schema: schema) }
        }
        let found = batch.removing(patterns)
        #expect(found.entries.count == 3)
        for (entry, id) in zip(found.entries, ["a", "b", "c"]) {
            let item = Item(packed: Array(found.arena[entry.item]))
            #expect(item == Item(["id": .string(id), "v": .list([.null])]))
            #expect(
                try ItemKey(bytes: Array(found.arena[entry.key])) == ItemKey(partition: .string(id), schema: schema)
            )
        }
    }
}
