import TableModel

/// A value on one side of a comparison: packed bytes in place, and the number where it is known already.
struct ComparedValue {
    let packed: PackedValue
    /// The number of a literal or a count; nil until it is read from `packed`.
    private let known: DecimalNumber?

    init(_ packed: PackedValue) {
        self.packed = packed
        known = nil
    }

    /// A literal, its number read once.
    init(literal packed: PackedValue) {
        self.packed = packed
        known = packed.tag == PackedTag.number ? DecimalNumber(digits: packed.bytes) : nil
    }

    /// A count that no item holds.
    init(count: UInt) {
        packed = PackedValue(tag: PackedTag.number, flag: true, bytes: UnsafeRawBufferPointer(start: nil, count: 0))
        known = DecimalNumber(count)
    }

    private var number: DecimalNumber? { known ?? DecimalNumber(digits: packed.bytes) }

    /// DynamoDB's comparison: values of different types are unequal and have no order; only S, N and B have one.
    func satisfies(_ comparison: Comparison, _ other: ComparedValue) -> Bool {
        switch comparison {
        case .equal: return equals(other)
        case .notEqual: return !equals(other)
        default: break
        }
        guard let order = order(to: other) else { return false }
        return switch comparison {
        case .less: order < 0
        case .lessOrEqual: order <= 0
        case .greater: order > 0
        default: order >= 0
        }
    }

    /// Negative, zero or positive; nil without an order.
    private func order(to other: ComparedValue) -> Int? {
        guard packed.tag == other.packed.tag else { return nil }
        switch packed.tag {
        case PackedTag.string, PackedTag.binary: return ByteOrder.compare(packed.bytes, other.packed.bytes)
        case PackedTag.number:
            guard let left = number, let right = other.number else { return nil }
            return left == right ? 0 : left < right ? -1 : 1
        default: return nil
        }
    }

    /// Equality by value: numbers by what they are worth, sets without an order, lists and maps through and through.
    func equals(_ other: ComparedValue) -> Bool {
        if packed.tag == PackedTag.number, other.packed.tag == PackedTag.number {
            if CanonicalDigits.isCanonical(packed.bytes), CanonicalDigits.isCanonical(other.packed.bytes) {
                return ByteOrder.compare(packed.bytes, other.packed.bytes) == 0
            }
            guard let left = number, let right = other.number else { return false }
            return left == right
        }
        return PackedEquality.equal(packed, other.packed)
    }

    /// `begins_with`: S of S, B of B.
    func begins(with prefix: ComparedValue) -> Bool {
        guard packed.tag == prefix.packed.tag, packed.tag == PackedTag.string || packed.tag == PackedTag.binary,
            prefix.packed.bytes.count <= packed.bytes.count
        else { return false }
        let beginning = UnsafeRawBufferPointer(rebasing: packed.bytes[..<prefix.packed.bytes.count])
        return ByteOrder.compare(beginning, prefix.packed.bytes) == 0
    }

    /// `contains`: a part of S or B, an element of a set or a list.
    func contains(_ part: ComparedValue) -> Bool {
        switch packed.tag {
        case PackedTag.string, PackedTag.binary:
            return packed.tag == part.packed.tag && Self.occurs(part.packed.bytes, in: packed.bytes)
        case PackedTag.stringSet: return part.packed.tag == PackedTag.string && containsElement(part)
        case PackedTag.numberSet: return part.packed.tag == PackedTag.number && containsElement(part)
        case PackedTag.binarySet: return part.packed.tag == PackedTag.binary && containsElement(part)
        case PackedTag.list:
            var cursor = PackedCursor(packed.bytes)
            for _ in 0..<cursor.readVarint() where ComparedValue(cursor.readValue()).equals(part) { return true }
            return false
        default: return false
        }
    }

    private func containsElement(_ part: ComparedValue) -> Bool {
        var cursor = PackedCursor(packed.bytes)
        for _ in 0..<cursor.readVarint() {
            if ComparedValue(cursor.readElement(ofSet: packed.tag)).equals(part) { return true }
        }
        return false
    }

    private static func occurs(_ part: UnsafeRawBufferPointer, in bytes: UnsafeRawBufferPointer) -> Bool {
        if part.isEmpty { return true }
        return part.count <= bytes.count && ByteSearch.occurs(part, in: bytes)
    }
}

/// Equality of packed values. What is nested is nested no deeper than the JSON reader let it.
enum PackedEquality {
    static func equal(_ left: PackedValue, _ right: PackedValue) -> Bool {
        guard left.tag == right.tag else { return false }
        // Equal bytes are equal values; numbers alone have several spellings.
        if ByteOrder.compare(left.bytes, right.bytes) == 0 { return true }
        switch left.tag {
        case PackedTag.number:
            if CanonicalDigits.isCanonical(left.bytes), CanonicalDigits.isCanonical(right.bytes) { return false }
            guard let left = DecimalNumber(digits: left.bytes), let right = DecimalNumber(digits: right.bytes) else {
                return false
            }
            return left == right
        case PackedTag.numberSet, PackedTag.list, PackedTag.map: return equalElements(left, right)
        default: return false
        }
    }

    /// Number sets are sorted by value and maps by name, so equal ones agree place by place.
    private static func equalElements(_ left: PackedValue, _ right: PackedValue) -> Bool {
        var (a, b) = (PackedCursor(left.bytes), PackedCursor(right.bytes))
        let count = a.readVarint()
        guard count == b.readVarint() else { return false }
        for _ in 0..<count {
            switch left.tag {
            case PackedTag.numberSet:
                guard equal(a.readElement(ofSet: left.tag), b.readElement(ofSet: left.tag)) else { return false }
            case PackedTag.list:
                guard equal(a.readValue(), b.readValue()) else { return false }
            default:
                guard ByteOrder.compare(a.readText().bytes, b.readText().bytes) == 0,
                    equal(a.readValue(), b.readValue())
                else { return false }
            }
        }
        return true
    }
}
