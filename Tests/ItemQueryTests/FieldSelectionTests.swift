import TableModel
import Testing

@testable import ItemQuery

@Suite struct FieldSelectionTests {
    private static let item = Item([
        "id": .string("x"), "n": .number("1.50"), "b": .binary([1, 255]), "ns": .numberSet(["2", "1"]),
        "m": .map(["a": .number("1"), "b.c": .bool(true), "deep": .map(["x": .null, "y": .string("q")])]),
        "l": .list([
            .string("zero"), .map(["k": .number("1"), "j": .number("2")]), .list([.number("7"), .number("8")]),
        ]),
        "empty": .map([:]), "and": .string("keyword"),
    ])

    private static func json(_ fields: String?, _ format: ItemFormat = .plain, _ numbers: NumberStyle = .number) throws
        -> String
    {
        let selection: FieldSelection? = if let fields { try FieldSelection(fields) } else { nil }
        var output: [UInt8] = []
        let representation = ItemRepresentation(format: format, numbers: numbers, fields: selection)
        item.packed.withUnsafeBytes { representation.append($0, to: &output) }
        return String(decoding: output, as: UTF8.self)
    }

    @Test(
        "takes what the paths name, members in their places and elements closing ranks, and leaves out what is missing",
        arguments: [
            ("id", #"{"id":"x"}"#), ("n,id", #"{"id":"x","n":1.50}"#), (" id , n ", #"{"id":"x","n":1.50}"#),
            ("missing", "{}"), ("missing,id", #"{"id":"x"}"#), ("m.a", #"{"m":{"a":1}}"#), ("m.missing", "{}"),
            ("m.`b.c`", #"{"m":{"b.c":true}}"#), ("m.deep.y,m.a", #"{"m":{"a":1,"deep":{"y":"q"}}}"#),
            ("m.a.b", "{}"), ("id.a", "{}"), ("id[0]", "{}"), ("m[0]", "{}"), ("l.k", "{}"),
            ("l[0]", #"{"l":["zero"]}"#),
            ("l[2],l[0]", #"{"l":["zero",[7,8]]}"#), ("l[1].k", #"{"l":[{"k":1}]}"#),
            ("l[1].k,l[1].j", #"{"l":[{"j":2,"k":1}]}"#),
            ("l[2][1],l[1].x", #"{"l":[[8]]}"#), ("l[9]", "{}"), ("l[9],l[0]", #"{"l":["zero"]}"#),
            ("m,m.a", #"{"m":{"a":1,"b.c":true,"deep":{"x":null,"y":"q"}}}"#),
            ("m.a,m,m.a", #"{"m":{"a":1,"b.c":true,"deep":{"x":null,"y":"q"}}}"#),
            ("empty", #"{"empty":{}}"#), ("empty.a", "{}"), ("`and`", #"{"and":"keyword"}"#),
            ("m.deep.x", #"{"m":{"deep":{"x":null}}}"#),
            ("ns,b", #"{"b":"Af8=","ns":[1,2]}"#), ("m.deep.missing,m.a", #"{"m":{"a":1}}"#),
        ]
    )
    func projects(fields: String, expected: String) throws { #expect(try Self.json(fields) == expected) }

    @Test("appears in each format and number style")
    func formats() throws {
        #expect(try Self.json("n,ns", .dynamodb) == #"{"n":{"N":"1.50"},"ns":{"NS":["1","2"]}}"#)
        #expect(try Self.json("n,ns", .plain, .string) == #"{"n":"1.50","ns":["1","2"]}"#)
        #expect(try Self.json("l[1]", .dynamodb) == #"{"l":{"L":[{"M":{"j":{"N":"2"},"k":{"N":"1"}}}]}}"#)
        #expect(try Self.json(nil).contains(#""and":"keyword""#))
        #expect(try Self.json(nil, .plain, .string).contains(#""n":"1.50""#))
    }

    @Test("projects to the packed form of the projected values, lengths over one byte included")
    func canonical() throws {
        let long = String(repeating: "x", count: 300)
        let members = Dictionary(
            uniqueKeysWithValues: (0..<200).map { (AttributeName("k\($0)"), AttributeValue.string(long)) }
        )
        let item = Item(["m": .map(members), "l": .list(Array(repeating: .map(members), count: 3)), "z": .null])
        let wanted = (0..<150).map { AttributeName("k\($0)") }
        let selection = try FieldSelection((wanted.map { "m.\($0)" } + ["l[2]", "l[0].k1"]).joined(separator: ","))
        let expected = Item([
            "m": .map(members.filter { wanted.contains($0.key) }),
            "l": .list([.map(["k1": .string(long)]), .map(members)]),
        ])
        #expect(item.packed.withUnsafeBytes { selection.project($0) } == expected.packed)
    }

    @Test("agrees with a plain projection of decoded values, on random items and paths")
    func agreesWithReference() throws {
        var random = RandomQueries(seed: 11)
        var kept = 0
        for _ in 0..<3000 {
            let names = ["a", "b", "c", "ü", "u\u{308}"]
            var paths: [[ReferencePredicate.Step]] = []
            var texts: [String] = []
            for _ in 0..<Int.random(in: 1...4, using: &random.generator) {
                let root = random.pick(names)
                var steps: [ReferencePredicate.Step] = [.member(AttributeName(root))]
                var text = root
                while random.chance(50), steps.count < 4 {
                    if random.chance(50) {
                        let name = random.pick(names)
                        steps.append(.member(AttributeName(name)))
                        text += ".\(name)"
                    } else {
                        let index = Int.random(in: 0...2, using: &random.generator)
                        steps.append(.element(index))
                        text += "[\(index)]"
                    }
                }
                paths.append(steps)
                texts.append(text)
            }
            let item = random.attributes(depth: 3)
            let selection = try FieldSelection(texts.joined(separator: ","))
            let expected = Self.part(of: .map(item), paths.map { $0[...] })
            guard case .map(let members) = expected ?? .map([:]) else { continue }
            let projected = Item(item).packed.withUnsafeBytes { selection.project($0) }
            #expect(projected == Item(members).packed, "\(selection.text) of \(item)")
            if !members.isEmpty { kept += 1 }
        }
        #expect(kept > 500)
    }

    private static func part(of value: AttributeValue, _ paths: [ArraySlice<ReferencePredicate.Step>])
        -> AttributeValue?
    {
        if paths.contains(where: \.isEmpty) { return value }
        switch value {
        case .map(let members):
            let parts = members.compactMap { name, value -> (AttributeName, AttributeValue)? in
                let rest = paths.filter { if case .member(name) = $0.first { true } else { false } }.map {
                    $0.dropFirst()
                }
                return rest.isEmpty ? nil : part(of: value, rest).map { (name, $0) }
            }
            return parts.isEmpty ? nil : .map(Dictionary(uniqueKeysWithValues: parts))
        case .list(let elements):
            let parts = elements.enumerated().compactMap { index, value -> AttributeValue? in
                let rest = paths.filter { if case .element(index) = $0.first { true } else { false } }.map {
                    $0.dropFirst()
                }
                return rest.isEmpty ? nil : part(of: value, rest)
            }
            return parts.isEmpty ? nil : .list(parts)
        default: return nil
        }
    }

    @Test(
        "points at the column of what it cannot read",
        arguments: [
            ("", 1, "an attribute's name"), ("a,", 3, "an attribute's name"),
            ("a b", 3, "a comma and a further path, or the end"),
            ("a..b", 3, "a name after the dot"), ("a[b]", 3, "an index"), ("a = 1", 3, "a comma"),
            ("'a'", 1, "an attribute's name"),
            (",a", 1, "an attribute's name"), ("not", 1, "an attribute's name"), ("1a", 1, "a name in `backticks`"),
        ]
    )
    func errors(fields: String, column: Int, expected: String) {
        let error = #expect(throws: QuerySyntaxError.self) { try FieldSelection(fields) }
        #expect(error?.column == column)
        #expect(error?.expected.contains(expected) == true, "\(error?.expected ?? "")")
    }

    @Test("takes no more paths than the bound of operands")
    func bound() throws {
        _ = try FieldSelection((0..<300).map { "a\($0)" }.joined(separator: ","))
        #expect(throws: QuerySyntaxError.self) { try FieldSelection((0..<301).map { "a\($0)" }.joined(separator: ",")) }
    }
}
