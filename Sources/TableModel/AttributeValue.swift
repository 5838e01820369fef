/// One value of a DynamoDB attribute, as the AWS API type `AttributeValue` defines it.
///
/// Numbers keep the digits the table sent (up to 38 significant digits), so nothing is rounded. Values are equal when their types
/// and bytes are: texts that differ in Unicode normal form differ, and so do lists of a set's elements in another order.
public enum AttributeValue: Sendable {
    case string(String)
    case number(String)
    case binary([UInt8])
    case bool(Bool)
    case null
    case list([AttributeValue])
    case map([AttributeName: AttributeValue])
    case stringSet([String])
    case numberSet([String])
    case binarySet([[UInt8]])
}

/// By bytes: the equality that `String` brings is canonical equivalence, which DynamoDB does not know.
extension AttributeValue: Hashable {
    /// Whether both have one type and the same bytes.
    public static func == (left: AttributeValue, right: AttributeValue) -> Bool {
        switch (left, right) {
        case (.string(let left), .string(let right)), (.number(let left), .number(let right)):
            ByteOrder.compare(left, right) == 0
        case (.stringSet(let left), .stringSet(let right)), (.numberSet(let left), .numberSet(let right)):
            left.elementsEqual(right) { ByteOrder.compare($0, $1) == 0 }
        case (.binary(let left), .binary(let right)): left == right
        case (.bool(let left), .bool(let right)): left == right
        case (.null, .null): true
        case (.list(let left), .list(let right)): left == right
        case (.map(let left), .map(let right)): left == right
        case (.binarySet(let left), .binarySet(let right)): left == right
        case (.string, _), (.number, _), (.binary, _), (.bool, _), (.null, _): false
        case (.list, _), (.map, _), (.stringSet, _), (.numberSet, _), (.binarySet, _): false
        }
    }

    /// Hashes the type and the bytes.
    public func hash(into hasher: inout Hasher) {
        switch self {
        case .string(let text):
            hasher.combine(0)
            ByteOrder.hash(text, into: &hasher)
        case .number(let digits):
            hasher.combine(1)
            ByteOrder.hash(digits, into: &hasher)
        case .binary(let bytes):
            hasher.combine(2)
            hasher.combine(bytes)
        case .bool(let flag):
            hasher.combine(3)
            hasher.combine(flag)
        case .null: hasher.combine(4)
        case .list(let values):
            hasher.combine(5)
            hasher.combine(values)
        case .map(let members):
            hasher.combine(6)
            hasher.combine(members)
        case .stringSet(let texts):
            hasher.combine(7)
            hasher.combine(texts.count)
            for text in texts { ByteOrder.hash(text, into: &hasher) }
        case .numberSet(let numbers):
            hasher.combine(8)
            hasher.combine(numbers.count)
            for digits in numbers { ByteOrder.hash(digits, into: &hasher) }
        case .binarySet(let binaries):
            hasher.combine(9)
            hasher.combine(binaries)
        }
    }
}
