import Basics
import TableModel

/// Draws values of every type that DynamoDB has.
struct RandomValues {
    var generator: SplitMix64
    init(seed: UInt64) { generator = SplitMix64(seed: seed) }

    private static let fragments = [
        "", "a", "id", "\"", "\\", "/", "\u{0}", "\u{1}", "\n\r\t\u{8}\u{c}", "\u{1f}", "\u{7f}", "é", "ß", "\u{2028}",
        "\u{2029}",
        "😀", "👩‍👩‍👧", "日本語", "\u{ffff}", "\u{10ffff}", "plain text of some length", "0123456789abcdef", "<&>",
    ]

    mutating func text() -> String {
        (0..<Int.random(in: 0...4, using: &generator)).map { _ in
            RandomValues.fragments.randomElement(using: &generator) ?? ""
        }.joined()
    }

    mutating func bytes() -> [UInt8] {
        (0..<Int.random(in: 0...20, using: &generator)).map { _ in UInt8.random(in: 0...255, using: &generator) }
    }

    /// Digits in canonical form, so that a value set has one spelling.
    mutating func digits() -> String {
        let count = Int.random(in: 1...38, using: &generator)
        var text = Bool.random(using: &generator) ? "-" : ""
        for _ in 0..<count { text += String(Int.random(in: 0...9, using: &generator)) }
        text += "E\(Int.random(in: -120...60, using: &generator))"
        return DecimalNumber(text)?.text ?? "0"
    }

    mutating func value(depth: Int = 3) -> AttributeValue {
        switch Int.random(in: 0..<(depth > 0 ? 10 : 5), using: &generator) {
        case 0: return .string(text())
        case 1: return .number(digits())
        case 2: return .binary(bytes())
        case 3: return .bool(Bool.random(using: &generator))
        case 4: return .null
        case 5: return .list((0..<Int.random(in: 0...5, using: &generator)).map { _ in value(depth: depth - 1) })
        case 6: return .map(attributes(depth: depth - 1))
        case 7: return .stringSet(sorted(text(), text(), text()) { $0.utf8.lexicographicallyPrecedes($1.utf8) })
        case 8:
            return .numberSet(
                sorted(digits(), digits(), digits()) { a, b in
                    guard let a = DecimalNumber(a), let b = DecimalNumber(b) else { return false }
                    return a < b
                }
            )
        default: return .binarySet(sorted(bytes(), bytes(), bytes()) { $0.lexicographicallyPrecedes($1) })
        }
    }

    private func sorted<T: Hashable>(_ values: T..., by order: (T, T) -> Bool) -> [T] {
        Set(values).sorted(by: order)
    }

    mutating func attributes(depth: Int = 3) -> [AttributeName: AttributeValue] {
        var result: [AttributeName: AttributeValue] = [:]
        for _ in 0..<Int.random(in: 0...7, using: &generator) { result[AttributeName(text())] = value(depth: depth) }
        return result
    }
}

/// Reads from a text's bytes.
func reading<R>(
    _ text: String,
    maximumDepth: Int = 96,
    _ body: (inout JSONReader) throws -> R
) throws -> R {
    try reading([UInt8](text.utf8), maximumDepth: maximumDepth, body)
}

/// Reads from bytes that need not be UTF-8.
func reading<R>(
    _ bytes: [UInt8],
    maximumDepth: Int = 96,
    _ body: (inout JSONReader) throws -> R
) throws -> R {
    try bytes.withUnsafeBytes { raw in
        var json = JSONReader(raw, maximumDepth: maximumDepth)
        let result = try body(&json)
        try json.readEnd()
        return result
    }
}

/// An item's typed JSON.
func typedJSON(_ item: Item) -> String {
    var output: [UInt8] = []
    item.packed.withUnsafeBytes { PackedItem.appendDynamoDBJSON($0, to: &output) }
    return String(decoding: output, as: UTF8.self)
}

/// An item's plain JSON.
func plainJSON(_ item: Item, _ numbers: NumberStyle = .number) -> String {
    var output: [UInt8] = []
    item.packed.withUnsafeBytes { PackedItem.appendPlainJSON($0, numbers: numbers, to: &output) }
    return String(decoding: output, as: UTF8.self)
}
