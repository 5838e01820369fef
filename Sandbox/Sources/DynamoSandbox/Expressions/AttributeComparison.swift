import TableModel

/// Equality and order of attribute values, as expressions have them.
enum AttributeComparison {
    enum Order: Sendable {
        case less, equal, greater
    }

    /// The order of two values of one type that has an order (S, N, B); nil otherwise.
    static func order(_ left: AttributeValue, _ right: AttributeValue) -> Order? {
        switch (left, right) {
        case (.string(let left), .string(let right)): order(Array(left.utf8), Array(right.utf8))
        case (.binary(let left), .binary(let right)): order(left, right)
        case (.number(let left), .number(let right)):
            DecimalNumber(left).flatMap { left in
                DecimalNumber(right).map { left < $0 ? .less : left == $0 ? .equal : .greater }
            }
        default: nil
        }
    }

    static func compare(_ comparator: Comparator, _ left: AttributeValue, _ right: AttributeValue) -> Bool {
        switch comparator {
        case .equal: return left == right
        case .notEqual: return left != right
        default: break
        }
        guard let order = order(left, right) else { return false }
        switch comparator {
        case .less: return order == .less
        case .lessOrEqual: return order != .greater
        case .greater: return order == .greater
        default: return order != .less
        }
    }

    private static func order(_ left: [UInt8], _ right: [UInt8]) -> Order {
        if left == right { return .equal }
        return left.lexicographicallyPrecedes(right) ? .less : .greater
    }
}

extension AttributeValue {
    /// The type's short name: `S`, `NS`, `BOOL`.
    var typeCode: String {
        switch self {
        case .string: "S"
        case .number: "N"
        case .binary: "B"
        case .bool: "BOOL"
        case .null: "NULL"
        case .list: "L"
        case .map: "M"
        case .stringSet: "SS"
        case .numberSet: "NS"
        case .binarySet: "BS"
        }
    }

    /// The type's long name, which a few messages use.
    var typeName: String {
        switch self {
        case .string: "STRING"
        case .number: "NUMBER"
        case .binary: "BINARY"
        case .bool: "BOOLEAN"
        case .null: "NULL"
        case .list: "LIST"
        case .map: "MAP"
        case .stringSet: "STRING_SET"
        case .numberSet: "NUMBER_SET"
        case .binarySet: "BINARY_SET"
        }
    }

    /// `{N:5}`, as messages show values.
    var wordy: String {
        switch self {
        case .string(let text), .number(let text): "{\(typeCode):\(text)}"
        case .binary(let bytes): "{B:\(Base64.encode(bytes))}"
        default: "{\(typeCode)}"
        }
    }
}
