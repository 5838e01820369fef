import TableModel

/// The plainest possible evaluator of predicates, over decoded values: what the real one is compared with.
indirect enum ReferencePredicate {
    enum Step {
        case member(AttributeName)
        case element(Int)
    }

    enum Operand {
        case path(String, [Step])
        case size(String, [Step])
        case literal(AttributeValue)
    }

    case and(ReferencePredicate, ReferencePredicate)
    case or(ReferencePredicate, ReferencePredicate)
    case not(ReferencePredicate)
    case compare(String, Operand, Operand)
    case between(Operand, Operand, Operand)
    case among(Operand, [Operand])
    case exists(String, [Step])
    case hasType(String, [Step], String)
    case beginsWith(Operand, Operand)
    case contains(Operand, Operand)

    func holds(_ item: [AttributeName: AttributeValue]) -> Bool {
        switch self {
        case .and(let left, let right): return left.holds(item) && right.holds(item)
        case .or(let left, let right): return left.holds(item) || right.holds(item)
        case .not(let term): return !term.holds(item)
        case .compare(let sign, let left, let right):
            let (a, b) = (left.value(item), right.value(item))
            if sign == "=" { return Reference.equal(a, b) }
            if sign == "!=" { return !Reference.equal(a, b) }
            guard let order = Reference.order(a, b) else { return false }
            return switch sign {
            case "<": order < 0
            case "<=": order <= 0
            case ">": order > 0
            default: order >= 0
            }
        case .between(let operand, let lower, let upper):
            guard let low = Reference.order(operand.value(item), lower.value(item)),
                let high = Reference.order(operand.value(item), upper.value(item))
            else { return false }
            return low >= 0 && high <= 0
        case .among(let operand, let candidates):
            return candidates.contains { Reference.equal(operand.value(item), $0.value(item)) }
        case .exists(let root, let steps): return Operand.path(root, steps).value(item) != nil
        case .hasType(let root, let steps, let type):
            return Operand.path(root, steps).value(item).map(Reference.type) == type
        case .beginsWith(let operand, let prefix):
            return switch (operand.value(item), prefix.value(item)) {
            case (.string(let text), .string(let prefix)): Array(text.utf8).starts(with: Array(prefix.utf8))
            case (.binary(let bytes), .binary(let prefix)): bytes.starts(with: prefix)
            default: false
            }
        case .contains(let operand, let part): return Reference.contains(operand.value(item), part.value(item))
        }
    }
}

extension ReferencePredicate.Operand {
    func value(_ item: [AttributeName: AttributeValue]) -> AttributeValue? {
        switch self {
        case .literal(let value): return value
        case .path(let root, let steps):
            var value = item[AttributeName(root)]
            for step in steps {
                switch (step, value) {
                case (.member(let name), .map(let members)): value = members[name]
                case (.element(let index), .list(let elements)):
                    value = index < elements.count ? elements[index] : nil
                default: return nil
                }
            }
            return value
        case .size(let root, let steps):
            let size: Int? =
                switch Self.path(root, steps).value(item) {
                case .string(let text): Array(text.utf16).count
                case .binary(let bytes): bytes.count
                case .list(let elements): elements.count
                case .map(let members): members.count
                case .stringSet(let members), .numberSet(let members): members.count
                case .binarySet(let members): members.count
                default: nil
                }
            return size.map { .number("\($0)") }
        }
    }
}

enum Reference {
    static func equal(_ left: AttributeValue?, _ right: AttributeValue?) -> Bool {
        switch (left, right) {
        case (.string(let a), .string(let b)): return Array(a.utf8) == Array(b.utf8)
        case (.number(let a), .number(let b)): return DecimalNumber(a) == DecimalNumber(b)
        case (.numberSet(let a), .numberSet(let b)):
            return Set(a.compactMap { DecimalNumber($0) }) == Set(b.compactMap { DecimalNumber($0) })
        case (.stringSet(let a), .stringSet(let b)):
            return Set(a.map { Array($0.utf8) }) == Set(b.map { Array($0.utf8) })
        case (.binarySet(let a), .binarySet(let b)): return Set(a) == Set(b)
        case (.list(let a), .list(let b)): return a.count == b.count && zip(a, b).allSatisfy { equal($0, $1) }
        case (.map(let a), .map(let b)):
            return a.count == b.count && a.allSatisfy { name, value in b[name].map { equal(value, $0) } ?? false }
        case (.binary(let a), .binary(let b)): return a == b
        case (.bool(let a), .bool(let b)): return a == b
        case (.null, .null): return true
        default: return false
        }
    }

    static func order(_ left: AttributeValue?, _ right: AttributeValue?) -> Int? {
        switch (left, right) {
        case (.string(let a), .string(let b)): return order(Array(a.utf8), Array(b.utf8))
        case (.binary(let a), .binary(let b)): return order(a, b)
        case (.number(let a), .number(let b)):
            guard let a = DecimalNumber(a), let b = DecimalNumber(b) else { return nil }
            return a == b ? 0 : a < b ? -1 : 1
        default: return nil
        }
    }

    private static func order(_ left: [UInt8], _ right: [UInt8]) -> Int {
        left == right ? 0 : left.lexicographicallyPrecedes(right) ? -1 : 1
    }

    static func contains(_ value: AttributeValue?, _ part: AttributeValue?) -> Bool {
        guard let value, let part else { return false }
        switch (value, part) {
        case (.string(let text), .string(let part)): return occurs(Array(part.utf8), in: Array(text.utf8))
        case (.binary(let bytes), .binary(let part)): return occurs(part, in: bytes)
        case (.stringSet(let members), .string): return members.contains { equal(.string($0), part) }
        case (.numberSet(let members), .number): return members.contains { equal(.number($0), part) }
        case (.binarySet(let members), .binary): return members.contains { equal(.binary($0), part) }
        case (.list(let elements), _): return elements.contains { equal($0, part) }
        default: return false
        }
    }

    static func occurs(_ part: [UInt8], in bytes: [UInt8]) -> Bool {
        if part.isEmpty { return true }
        guard part.count <= bytes.count else { return false }
        return (0...(bytes.count - part.count)).contains { Array(bytes[$0..<($0 + part.count)]) == part }
    }

    static func type(_ value: AttributeValue) -> String {
        switch value {
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
}
