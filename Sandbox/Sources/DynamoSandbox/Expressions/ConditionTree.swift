import TableModel

/// A condition, filter or key condition, placeholders resolved.
indirect enum Condition: Sendable {
    case compare(Comparator, Operand, Operand)
    case between(Operand, Operand, Operand)
    case among(Operand, [Operand])
    case and(Condition, Condition)
    case or(Condition, Condition)
    case not(Condition)
    case exists(DocumentPath)
    case notExists(DocumentPath)
    case hasType(DocumentPath, String)
    case beginsWith(Operand, Operand)
    case contains(Operand, Operand)
}

/// The six comparisons.
enum Comparator: String, Sendable {
    case equal = "="
    case notEqual = "<>"
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
}

/// An operand of a condition.
indirect enum Operand: Sendable {
    case path(DocumentPath)
    case value(AttributeValue)
    /// `size(path)`.
    case size(Operand)

    /// The operand's value for one item; nil where the path leads nowhere or the value has no size.
    func value(in attributes: Attributes) -> AttributeValue? {
        switch self {
        case .path(let path): path.value(in: attributes)
        case .value(let value): value
        case .size(let operand): operand.value(in: attributes).flatMap(Self.size).map { .number(String($0)) }
        }
    }

    private static func size(_ value: AttributeValue) -> Int? {
        switch value {
        case .string(let text): text.utf16.count
        case .binary(let bytes): bytes.count
        case .stringSet(let members), .numberSet(let members): members.count
        case .binarySet(let members): members.count
        case .list(let elements): elements.count
        case .map(let entries): entries.count
        case .number, .bool, .null: nil
        }
    }
}
