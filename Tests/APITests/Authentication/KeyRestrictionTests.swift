import ItemQuery
import ServiceTools
import TableModel
import Testing

@testable import API

@Suite struct KeyRestrictionTests {
    private func contains(
        _ restriction: KeyRestriction,
        _ partition: AttributeValue,
        _ sort: AttributeValue?,
        _ schema: KeySchema
    ) throws -> Bool? {
        let key = try ItemKey(partition: partition, sort: sort, schema: schema)
        return restriction.range(in: schema).map { range in key.bytes.withUnsafeBytes { range.contains($0) } }
    }

    private let strings = KeySchema(
        partition: KeyAttribute(name: "p", type: .string),
        sort: KeyAttribute(name: "s", type: .string)
    )

    @Test("a prefix holds the partitions that begin with it, and no others")
    func prefix() throws {
        let restriction = KeyRestriction(partition: .prefix("t#7#"), sortPrefix: nil)
        for (partition, expected) in [
            ("t#7#", true), ("t#7#a", true), ("t#7#\u{10FFFF}", true), ("t#7", false), ("t#8", false), ("t#7$", false),
        ] {
            #expect(try contains(restriction, .string(partition), .string("x"), strings) == expected, "\(partition)")
        }
        #expect(restriction.range(in: ServiceFixture.composite) != nil)
        let numbers = KeySchema(partition: KeyAttribute(name: "n", type: .number))
        #expect(restriction.range(in: numbers) == nil)
    }

    @Test("one partition holds its own items, or those whose sort keys begin alike")
    func partition() throws {
        let whole = KeyRestriction(partition: .exactly("a"), sortPrefix: nil)
        let part = KeyRestriction(partition: .exactly("a"), sortPrefix: "l#")
        for (partition, sort, inWhole, inPart) in [
            ("a", "l#1", true, true), ("a", "l", true, false), ("a", "m", true, false), ("ab", "l#1", false, false),
            ("a\u{0}", "l#1", false, false),
        ] {
            #expect(try contains(whole, .string(partition), .string(sort), strings) == inWhole)
            #expect(try contains(part, .string(partition), .string(sort), strings) == inPart)
        }
        #expect(try contains(whole, .string("a"), nil, ServiceFixture.single) == true)
        #expect(try contains(whole, .string("ab"), nil, ServiceFixture.single) == false)
        #expect(part.range(in: ServiceFixture.composite) == nil)
        #expect(part.range(in: ServiceFixture.single) == nil)
        let numbers = KeySchema(partition: KeyAttribute(name: "n", type: .number))
        #expect(
            try contains(KeyRestriction(partition: .exactly("10"), sortPrefix: nil), .number("1E+1"), nil, numbers)
                == true
        )
        #expect(KeyRestriction(partition: .exactly("ten"), sortPrefix: nil).range(in: numbers) == nil)
    }

    @Test("restrictions are equal where their bytes are: another Unicode normal form is another restriction")
    func equality() {
        let composed = "\u{E9}"
        let decomposed = "e\u{301}"
        var all: [KeyRestriction] = []
        for text in [composed, decomposed] {
            for partition in [KeyRestriction.Partition.exactly(text), .prefix(text)] {
                all.append(KeyRestriction(partition: partition, sortPrefix: nil))
                for sort in ["", composed, decomposed] {
                    all.append(KeyRestriction(partition: partition, sortPrefix: sort))
                }
            }
        }
        for (left, first) in all.enumerated() {
            for (right, second) in all.enumerated() { #expect((first == second) == (left == right)) }
        }
        #expect(Set(all + all).count == all.count)
    }

    @Test("two ranges have in common what lies in both")
    func intersection() {
        let all = KeyRange()
        let low = KeyRange(lower: [1], upper: [5])
        let high = KeyRange(lower: [3], upper: [9])
        #expect(KeyRestriction.intersection(all, low) == low)
        #expect(KeyRestriction.intersection(low, all) == low)
        #expect(KeyRestriction.intersection(low, high) == KeyRange(lower: [3], upper: [5]))
        #expect(KeyRestriction.intersection(high, low) == KeyRange(lower: [3], upper: [5]))
        #expect(KeyRestriction.intersection(low, KeyRange(lower: [5], upper: [6])) == nil)
        #expect(KeyRestriction.intersection(KeyRange(lower: [7]), low) == nil)
    }
}
