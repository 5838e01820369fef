import TableModel

/// How many bytes DynamoDB counts for an item: names and values in UTF-8, numbers by their digits, 3 for a collection.
enum ItemSize {
    static func of(_ attributes: Attributes) -> Int {
        attributes.reduce(0) { $0 + $1.key.text.utf8.count + of($1.value) }
    }

    static func of(_ value: AttributeValue) -> Int {
        switch value {
        case .string(let text): text.utf8.count
        case .number(let text): number(text)
        case .binary(let bytes): bytes.count
        case .bool, .null: 1
        case .stringSet(let members): members.reduce(0) { $0 + $1.utf8.count }
        case .numberSet(let members): members.reduce(0) { $0 + number($1) }
        case .binarySet(let members): members.reduce(0) { $0 + $1.count }
        case .list(let elements): elements.reduce(3) { $0 + 1 + of($1) }
        case .map(let entries): entries.reduce(3) { $0 + 1 + $1.key.text.utf8.count + of($1.value) }
        }
    }

    /// One byte per two significant digits, and one more.
    private static func number(_ text: String) -> Int {
        let digits = text.utf8.filter { (0x30...0x39).contains($0) }.count
        return (digits + 1) / 2 + 1 + (text.hasPrefix("-") ? 1 : 0)
    }
}
