import TableModel
import Testing

@testable import ItemQuery

@Suite struct WhereExpressionTests {
    static func matches(_ text: String, _ item: [AttributeName: AttributeValue]) throws -> Bool {
        let expression = try WhereExpression(text)
        return Item(item).packed.withUnsafeBytes { expression.matches($0) }
    }

    private static let item: [AttributeName: AttributeValue] = [
        "s": .string("mango"), "n": .number("10.50"), "b": .binary([1, 2, 200]), "t": .bool(true), "f": .bool(false),
        "z": .null, "ss": .stringSet(["b", "a"]), "ns": .numberSet(["1", "20", "3"]), "bs": .binarySet([[1], [0, 2]]),
        "l": .list([.number("1"), .string("x"), .list([.bool(true)]), .map(["k": .number("2.0")])]),
        "m": .map(["k": .string("v"), "with.dot": .number("1"), "and": .map(["deep": .null])]),
        "size": .number("3"), "with space": .string("w"), "order-id": .string("o1"), "empty": .string(""),
        "big": .number("9007199254740993"), "astral": .string("é𝄞"),
        "wide": .number("12345678901234567890123456789012345678"),
    ]

    @Test(
        "holds where DynamoDB's FilterExpression does",
        arguments: [
            "s = 'mango'", "s = \"mango\"", "'mango' = s", "s != 'Mango'", "s <> 'x'", "s > 'apple'", "s >= 'mango'",
            "s < 'mangrove'", "s <= 'mango'", "n = 10.5", "n = 1.05e1", "n = 1050E-2", "n > 9", "n < 100", "n >= 10.5",
            "n != 10", "b = b'AQLI'", "b = B\"AQLI\"", "b > b'AQI='", "b < b'AQLJ'", "b = b'AQLI' AND b != b'AQL_'",
            "t = true", "t = TRUE", "f = false", "t != f", "z = null", "z = NULL", "ss = SS('a','b')",
            "ss = ss('b', 'a', 'a')",
            "ns = NS(20, 1.0, 3)", "bs = BS(b'AQ==', b'AAI=')", "l[0] = 1", "l[0] = 1.00", "l[1] = 'x'",
            "l[2][0] = true",
            "l[3].k = 2", "l = [1, 'x', [true], {k: 2}]", "m.k = 'v'", "m.`with.dot` = 1", "m.and.deep = null",
            "m = {k: 'v', `with.dot`: 1.0, \"and\": {deep: null}}", "size = 3", "`size` = 3", "`with space` = 'w'",
            "order-id = 'o1'", "s IN ('a', 'mango')", "n IN (1, 10.50)", "n BETWEEN 10 AND 11",
            "n between 10.5 and 10.5",
            "s BETWEEN 'l' AND 'n'", "begins_with(s, 'man')", "begins_with(s, '')", "begins_with(b, b'AQI=')",
            "contains(s, 'ang')", "contains(s, '')", "contains(b, b'Asg=')", "contains(ss, 'a')", "contains(ns, 20.0)",
            "contains(bs, b'AAI=')", "contains(l, 'x')", "contains(l, [true])", "contains(l, {k: 2})", "exists(s)",
            "exists(m.and.deep)", "exists(z)", "attribute_exists(l[3])", "attribute_not_exists(l[4])", "size(s) = 5",
            "size(b) = 3", "size(ss) = 2", "size(l) = 4", "size(m) = 3", "size(empty) = 0", "size(astral) = 3",
            "3 = size",
            "size(s) = n OR size(ss) < n", "attribute_type(s, 'S')", "attribute_type(f, 'BOOL')",
            "attribute_type(t, 'BOOL')",
            "NOT s = 'x'", "NOT NOT s = 'mango'", "not (s = 'x' or n = 1)", "s = 'x' OR s = 'y' OR n > 1 AND t = true",
            "s = 'mango' AND n > 1 OR t = 'x'", "(s = 'x' OR n > 1) AND t = true", "missing != 1", "missing != other",
            "NOT missing = 1", "n != 'mango'", "s != 5", "big = 9007199254740993", "big != 9007199254740992",
            "wide = 12345678901234567890123456789012345678", "wide > 12345678901234567890123456789012345677", "s=s",
            "empty = ''", "s = 'mango'AND(n>1)", "\ts\n=\r'mango' ", "1 = 1", "size(empty) IN (0)", "ns != NS(1)",
        ]
    )
    func holds(text: String) throws { #expect(try Self.matches(text, Self.item)) }

    @Test(
        "fails where DynamoDB's FilterExpression does",
        arguments: [
            "s = 'Mango'", "s = 5", "s = b'bWFuZ28='", "n = '10.5'", "n > '1'", "s > 1", "s < missing",
            "missing = missing",
            "missing = null", "missing < 1", "t > f", "l < s", "ss = NS(1)", "ss = SS('a')", "l[9] = 1", "l.k = 1",
            "m[0] = 'v'",
            "s.k = 1", "n BETWEEN 'a' AND 'z'", "n BETWEEN 11 AND 10", "missing BETWEEN 1 AND 2",
            "n BETWEEN 1 AND missing",
            "missing IN (1, missing)", "s IN (1, true)", "begins_with(n, '1')", "begins_with(s, b'bQ==')",
            "begins_with(s, 'mangoes')", "contains(n, 1)", "contains(s, 1)", "contains(ss, 1)", "contains(l, 'y')",
            "contains(m, 'k')", "contains(missing, 'a')", "contains(s, missing)", "exists(missing)", "exists(m.x)",
            "exists(s.k)", "attribute_not_exists(s)", "size(n) = 1", "size(t) = 1", "size(missing) = 0",
            "size(astral) = 6",
            "attribute_type(missing, 'S')", "attribute_type(s, 'N')", "NOT s = 'mango'", "size(s) = '5'",
            "big = 9007199254740992", "empty = null", "z = false", "s = 'mango' AND missing = 1",
        ]
    )
    func fails(text: String) throws { #expect(try !Self.matches(text, Self.item)) }

    private static let samples: [(type: String, literal: String, value: AttributeValue, higher: String?)] = [
        ("S", "'m'", .string("m"), "'n'"), ("N", "5", .number("5.0"), "6"), ("B", "b'AQ=='", .binary([1]), "b'Ag=='"),
        ("BOOL", "true", .bool(true), nil), ("NULL", "null", .null, nil), ("SS", "SS('m')", .stringSet(["m"]), nil),
        ("NS", "NS(5)", .numberSet(["5.0"]), nil), ("BS", "BS(b'AQ==')", .binarySet([[1]]), nil),
        ("L", "[5]", .list([.number("5.0")]), nil), ("M", "{a: 5}", .map(["a": .number("5.0")]), nil),
    ]

    @Test("compares every pair of types: equal only within a type, ordered only within S, N and B")
    func typePairs() throws {
        for (left, sample) in Self.samples.enumerated() {
            for (right, other) in Self.samples.enumerated() {
                let item: [AttributeName: AttributeValue] = ["x": sample.value, "y": other.value]
                let isSame = left == right
                #expect(try Self.matches("x = \(other.literal)", item) == isSame, "\(sample.type) = \(other.type)")
                #expect(try Self.matches("x != \(other.literal)", item) == !isSame)
                #expect(try Self.matches("x IN (\(other.literal))", item) == isSame)
                #expect(try Self.matches("x = y", item) == isSame)
                #expect(try Self.matches("attribute_type(x, '\(other.type)')", item) == isSame)
                let isOrdered = isSame && sample.higher != nil
                for comparison in ["x <= y", "x >= y", "x BETWEEN y AND y"] {
                    #expect(
                        try Self.matches(comparison, item) == isOrdered,
                        "\(comparison): \(sample.type), \(other.type)"
                    )
                }
                for comparison in ["x < y", "x > y"] { #expect(try !Self.matches(comparison, item)) }
                if let higher = other.higher {
                    #expect(try Self.matches("x < \(higher)", item) == isSame)
                    #expect(try !Self.matches("x > \(higher)", item))
                    #expect(try Self.matches("x BETWEEN \(other.literal) AND \(higher)", item) == isSame)
                }
                let isMember: Bool =
                    switch (sample.type, other.type) {
                    case ("SS", "S"), ("NS", "N"), ("BS", "B"), ("L", "N"), ("S", "S"), ("B", "B"): true
                    default: false
                    }
                #expect(try Self.matches("contains(x, y)", item) == isMember, "contains(\(sample.type), \(other.type))")
                #expect(try Self.matches("begins_with(x, y)", item) == (isSame && ["S", "B"].contains(sample.type)))
            }
        }
    }

    @Test("agrees with a plain evaluator over decoded values, on random items and predicates")
    func agreesWithReference() throws {
        var random = RandomQueries(seed: 4)
        var held = 0
        for _ in 0..<4000 {
            let (text, reference) = random.predicate()
            let expression = try #require(try? WhereExpression(text), "\(text)")
            for _ in 0..<5 {
                let item = random.attributes()
                let holds = Item(item).packed.withUnsafeBytes { expression.matches($0) }
                #expect(holds == reference.holds(item), "\(text) on \(item)")
                if holds { held += 1 }
            }
        }
        // The draws must not all fall on one side.
        #expect((2000...18_000).contains(held), "\(held) of 20000 held")
    }

    @Test("a map literal may have names that differ only in Unicode normal form, and equals the map that has both")
    func normalForms() throws {
        let (composed, decomposed) = (AttributeName("\u{E9}"), AttributeName("e\u{301}"))
        func item(_ first: String, _ second: String) -> [AttributeName: AttributeValue] {
            ["m": .map([composed: .number(first), decomposed: .number(second)])]
        }
        for literal in ["{`\u{E9}`: 5, `e\u{301}`: 6}", "{'e\u{301}': 6.0, \u{E9}: 5}"] {
            #expect(try Self.matches("m = \(literal)", item("5", "6")))
            #expect(try !Self.matches("m = \(literal)", item("6", "5")))
            #expect(try !Self.matches("m = \(literal)", ["m": .map([composed: .number("5")])]))
        }
        #expect(try Self.matches("m = {\u{E9}: 5}", ["m": .map([composed: .number("5")])]))
        #expect(try !Self.matches("m = {\u{E9}: 5}", ["m": .map([decomposed: .number("5")])]))
        #expect(try Self.matches("m.\u{E9} = 5 AND m.e\u{301} = 6", item("5", "6")))
    }

    @Test("equal texts are equal expressions, and others are not")
    func equality() throws {
        let first = try WhereExpression("a = 'é'")
        #expect(try first == WhereExpression("a = 'é'"))
        #expect(try first.hashValue == WhereExpression("a = 'é'").hashValue)
        // Equal as Strings, but other bytes, and so another predicate.
        #expect(try first != WhereExpression("a = 'e\u{301}'"))
    }
}
