import TableModel
import Testing

@Suite struct ItemKeyTests {
    static let stringKey = KeySchema(partition: KeyAttribute(name: "pk", type: .string))
    static func composite(_ partition: KeyType, _ sort: KeyType) -> KeySchema {
        KeySchema(partition: KeyAttribute(name: "pk", type: partition), sort: KeyAttribute(name: "sk", type: sort))
    }

    private func randomValue(_ type: KeyType, _ random: inout RandomValues) -> AttributeValue {
        switch type {
        case .string: .string(random.text())
        case .number: .number(random.digits())
        case .binary:
            // Mostly the bytes that escaping is about.
            .binary(
                (0..<Int.random(in: 0...5, using: &random.generator)).map { _ in
                    [0x00, 0x01, 0x02, 0xFE, 0xFF, 0x41].randomElement(using: &random.generator) ?? 0
                }
            )
        }
    }

    /// DynamoDB's order of two key values of one type.
    private func precedes(_ left: AttributeValue, _ right: AttributeValue) -> Bool {
        switch (left, right) {
        case (.string(let a), .string(let b)): return a.utf8.lexicographicallyPrecedes(b.utf8)
        case (.binary(let a), .binary(let b)): return a.lexicographicallyPrecedes(b)
        case (.number(let a), .number(let b)):
            guard let a = DecimalNumber(a), let b = DecimalNumber(b) else { return false }
            return a < b
        default: return false
        }
    }

    @Test(
        "byte order is partition order, then sort order, for every pair of types",
        arguments: [KeyType.string, .number, .binary],
        [KeyType.string, .number, .binary]
    )
    func order(partition: KeyType, sort: KeyType) throws {
        let schema = ItemKeyTests.composite(partition, sort)
        var random = RandomValues(seed: 7)
        var values: [(AttributeValue, AttributeValue, ItemKey)] = []
        for _ in 0..<120 {
            let pk = randomValue(partition, &random)
            let sk = randomValue(sort, &random)
            values.append((pk, sk, try ItemKey(partition: pk, sort: sk, schema: schema)))
        }
        for (leftPartition, leftSort, left) in values {
            for (rightPartition, rightSort, right) in values {
                let expected =
                    leftPartition == rightPartition
                    ? precedes(leftSort, rightSort) : precedes(leftPartition, rightPartition)
                #expect((left < right) == expected)
                #expect((left == right) == (leftPartition == rightPartition && leftSort == rightSort))
            }
        }
    }

    @Test(
        "keys come back as attributes, and a partition's prefix starts exactly its own keys",
        arguments: [KeyType.string, .number, .binary],
        [KeyType.string, .number, .binary]
    )
    func roundTrip(partition: KeyType, sort: KeyType) throws {
        let schema = ItemKeyTests.composite(partition, sort)
        var random = RandomValues(seed: 11)
        var keys: [(AttributeValue, ItemKey)] = []
        for _ in 0..<100 {
            let pk = randomValue(partition, &random)
            let sk = randomValue(sort, &random)
            let key = try ItemKey(partition: pk, sort: sk, schema: schema)
            #expect(try key.attributes(schema: schema) == ["pk": pk, "sk": sk])
            keys.append((pk, key))
        }
        for (pk, _) in keys {
            let prefix = try ItemKey.partitionPrefix(pk, schema: schema)
            for (other, key) in keys { #expect(key.bytes.starts(with: prefix) == (other == pk)) }
        }
    }

    @Test(
        "a number's spelling does not matter to its key",
        arguments: [
            ("1E+2", "100"), ("-0", "0"), ("0.0", "0"), ("+5", "5"), (".5", "0.50"), ("-1e-1", "-0.10"), ("007", "7"),
        ]
    )
    func numberSpelling(left: String, right: String) throws {
        let schema = KeySchema(partition: KeyAttribute(name: "id", type: .number))
        #expect(
            try ItemKey(partition: .number(left), schema: schema)
                == ItemKey(partition: .number(right), schema: schema)
        )
    }

    @Test("a key read from an item equals the key built from its values")
    func fromItem() throws {
        let schema = ItemKeyTests.composite(.string, .number)
        let item = Item(["pk": .string("a\u{0}b"), "sk": .number("1E2"), "z": .bool(true)])
        let expected = try ItemKey(partition: .string("a\u{0}b"), sort: .number("100"), schema: schema)
        #expect(try item.packed.withUnsafeBytes { try PackedItem.key(of: $0, schema: schema) } == expected)
        #expect(expected.bytes.starts(with: [0x61, 0x00, 0xFF, 0x62, 0x00, 0x01]))
    }

    @Test("missing, surplus and mistyped key values are told apart")
    func errors() throws {
        let hashOnly = ItemKeyTests.stringKey
        let both = ItemKeyTests.composite(.string, .number)
        #expect(throws: KeyError.missing(attribute: "sk")) { try ItemKey(partition: .string("a"), schema: both) }
        #expect(throws: KeyError.unexpected(attribute: "sort")) {
            try ItemKey(partition: .string("a"), sort: .string("b"), schema: hashOnly)
        }
        #expect(throws: KeyError.wrongType(attribute: "pk", expected: .string)) {
            try ItemKey(partition: .number("1"), schema: hashOnly)
        }
        #expect(throws: KeyError.invalidNumber(attribute: "sk", text: "one")) {
            try ItemKey(partition: .string("a"), sort: .number("one"), schema: both)
        }
        let item = Item(["other": .string("a")])
        #expect(throws: KeyError.missing(attribute: "pk")) {
            try item.packed.withUnsafeBytes { try PackedItem.key(of: $0, schema: hashOnly) }
        }
    }

    @Test(
        "bytes that are no key are malformed",
        arguments: [
            [], [0x61], [0x61, 0x00], [0x61, 0x00, 0x02], [0x61, 0x00, 0x01, 0x62], [0xFF, 0x00, 0x01],
        ]
    )
    func malformed(bytes: [UInt8]) {
        #expect(throws: KeyError.malformed) { try ItemKey(bytes: bytes).attributes(schema: ItemKeyTests.stringKey) }
    }
}
