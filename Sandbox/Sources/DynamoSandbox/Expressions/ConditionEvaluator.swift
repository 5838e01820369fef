import TableModel

extension Condition {
    /// Whether an item fulfils the condition; an absent item counts as one without attributes.
    func holds(for attributes: Attributes) -> Bool {
        switch self {
        case .compare(let comparator, let left, let right):
            guard let left = left.value(in: attributes), let right = right.value(in: attributes) else {
                return comparator == .notEqual
            }
            return AttributeComparison.compare(comparator, left, right)
        case .between(let operand, let lower, let upper):
            guard let value = operand.value(in: attributes), let lower = lower.value(in: attributes),
                let upper = upper.value(in: attributes)
            else { return false }
            return AttributeComparison.compare(.greaterOrEqual, value, lower)
                && AttributeComparison.compare(.lessOrEqual, value, upper)
        case .among(let operand, let candidates):
            guard let value = operand.value(in: attributes) else { return false }
            return candidates.contains { $0.value(in: attributes) == value }
        case .and(let left, let right): return left.holds(for: attributes) && right.holds(for: attributes)
        case .or(let left, let right): return left.holds(for: attributes) || right.holds(for: attributes)
        case .not(let condition): return !condition.holds(for: attributes)
        case .exists(let path): return path.value(in: attributes) != nil
        case .notExists(let path): return path.value(in: attributes) == nil
        case .hasType(let path, let type): return path.value(in: attributes)?.typeCode == type
        case .beginsWith(let operand, let prefix):
            return Self.begins(operand.value(in: attributes), prefix.value(in: attributes))
        case .contains(let operand, let part):
            return Self.contains(operand.value(in: attributes), part.value(in: attributes))
        }
    }

    private static func begins(_ value: AttributeValue?, _ prefix: AttributeValue?) -> Bool {
        switch (value, prefix) {
        case (.string(let text)?, .string(let prefix)?): text.utf8.starts(with: prefix.utf8)
        case (.binary(let bytes)?, .binary(let prefix)?): bytes.starts(with: prefix)
        default: false
        }
    }

    private static func contains(_ value: AttributeValue?, _ part: AttributeValue?) -> Bool {
        guard let value, let part else { return false }
        switch (value, part) {
        case (.string(let text), .string(let part)): return occurs(Array(part.utf8), in: Array(text.utf8))
        case (.binary(let bytes), .binary(let part)): return occurs(part, in: bytes)
        case (.stringSet(let members), .string(let member)), (.numberSet(let members), .number(let member)):
            return members.contains { $0.utf8.elementsEqual(member.utf8) }
        case (.binarySet(let members), .binary(let member)): return members.contains(member)
        case (.list(let elements), _): return elements.contains(part)
        default: return false
        }
    }

    private static func occurs(_ part: [UInt8], in bytes: [UInt8]) -> Bool {
        guard !part.isEmpty else { return true }
        guard part.count <= bytes.count else { return false }
        return (0...(bytes.count - part.count)).contains { bytes[$0..<($0 + part.count)].elementsEqual(part) }
    }
}
