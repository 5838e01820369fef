import TableModel

/// A parsed predicate. Chains of AND and OR are one node each, so the depth is that of the text's parentheses.
indirect enum WherePredicate {
    case all([WherePredicate])
    case any([WherePredicate])
    case not(WherePredicate)
    case compare(Comparison, WhereOperand, WhereOperand)
    case between(WhereOperand, WhereOperand, WhereOperand)
    case among(WhereOperand, [WhereOperand])
    case exists(WhereOperand, Bool)
    /// Bits, one for each tag that fits.
    case hasType(WhereOperand, tags: UInt16)
    case beginsWith(WhereOperand, WhereOperand)
    case contains(WhereOperand, WhereOperand)

    /// Whether it holds for an item whose attributes at the paths' roots are `roots`, in the order of the program's names.
    ///
    /// The semantics are those of DynamoDB's FilterExpression: what is missing is unequal to everything, and every other test of it fails.
    func holds(_ roots: UnsafePointer<PackedValue>) -> Bool {
        switch self {
        case .all(let terms):
            for term in terms where !term.holds(roots) { return false }
            return true
        case .any(let terms):
            for term in terms where term.holds(roots) { return true }
            return false
        case .not(let term): return !term.holds(roots)
        case .compare(let comparison, let left, let right):
            guard let left = left.value(roots), let right = right.value(roots) else { return comparison == .notEqual }
            return left.satisfies(comparison, right)
        case .between(let operand, let lower, let upper):
            guard let value = operand.value(roots), let lower = lower.value(roots), let upper = upper.value(roots)
            else { return false }
            return value.satisfies(.greaterOrEqual, lower) && value.satisfies(.lessOrEqual, upper)
        case .among(let operand, let candidates):
            guard let value = operand.value(roots) else { return false }
            for candidate in candidates {
                if let candidate = candidate.value(roots), value.equals(candidate) { return true }
            }
            return false
        case .exists(let operand, let expected): return (operand.value(roots) != nil) == expected
        case .hasType(let operand, let tags):
            guard let value = operand.value(roots) else { return false }
            return tags & (1 << UInt16(value.packed.tag)) != 0
        case .beginsWith(let operand, let prefix):
            guard let value = operand.value(roots), let prefix = prefix.value(roots) else { return false }
            return value.begins(with: prefix)
        case .contains(let operand, let part):
            guard let value = operand.value(roots), let part = part.value(roots) else { return false }
            return value.contains(part)
        }
    }
}

/// What a predicate tests.
enum WhereOperand {
    /// The value below the root with this place among the program's names.
    case path(Int, [ItemPath.Step])
    case literal(ComparedValue)
    /// `size(path)`.
    case size(Int, [ItemPath.Step])

    func value(_ roots: UnsafePointer<PackedValue>) -> ComparedValue? {
        switch self {
        case .literal(let value): return value
        case .path(let root, let steps): return Self.resolve(root, steps, roots).map { ComparedValue($0) }
        case .size(let root, let steps):
            return Self.resolve(root, steps, roots).flatMap { $0.dynamoSize }.map { ComparedValue(count: $0) }
        }
    }

    private static func resolve(
        _ root: Int,
        _ steps: [ItemPath.Step],
        _ roots: UnsafePointer<PackedValue>
    ) -> PackedValue? {
        let value = roots[root]
        if value.tag == WhereProgram.missing { return nil }
        return steps.isEmpty ? value : ItemPath.resolve(steps, in: value)
    }
}

extension PackedValue {
    /// DynamoDB's `size`: UTF-16 code units of S, bytes of B, elements of sets, lists and maps; other types have none.
    var dynamoSize: UInt? {
        switch tag {
        case PackedTag.string:
            var units: UInt = 0
            // A scalar is one unit, or two when its UTF-8 has four bytes.
            for byte in bytes where byte & 0xC0 != 0x80 { units += byte >= 0xF0 ? 2 : 1 }
            return units
        case PackedTag.binary: return UInt(bytes.count)
        case PackedTag.null, PackedTag.true, PackedTag.false, PackedTag.number: return nil
        default:
            var cursor = PackedCursor(bytes)
            return UInt(cursor.readVarint())
        }
    }
}
