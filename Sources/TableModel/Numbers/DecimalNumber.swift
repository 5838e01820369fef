/// A DynamoDB number by value: up to 38 significant digits, exponents -130…125, exact.
///
/// The canonical digits follow what DynamoDB returns: no leading zeros, no trailing fraction zeros, no exponent ("100", "0.001", "-5").
package struct DecimalNumber: Sendable, Hashable, Comparable {
    /// False for zero.
    let isNegative: Bool
    /// The significant digits as an integer without trailing zeros; 38 digits fit 127 bits.
    let coefficient: UInt128
    /// The power of ten that `coefficient` is multiplied with; 0 for zero.
    let exponent: Int

    /// The most significant digits DynamoDB keeps.
    static let maximumDigits = 38
    /// The powers of ten that the leading digit may stand for.
    static let magnitudes = -130...125

    /// Normalises; nil when the value has more than 38 digits or leaves the range.
    init?(isNegative: Bool, coefficient: UInt128, exponent: Int) {
        if coefficient == 0 {
            (self.isNegative, self.coefficient, self.exponent) = (false, 0, 0)
            return
        }
        var digits = coefficient
        var power = exponent
        while true {
            let (quotient, remainder) = digits.quotientAndRemainder(dividingBy: 10)
            if remainder != 0 { break }
            digits = quotient
            power += 1
        }
        let count = DecimalNumber.digitCount(digits)
        guard count <= DecimalNumber.maximumDigits, DecimalNumber.magnitudes.contains(power + count - 1) else {
            return nil
        }
        (self.isNegative, self.coefficient, self.exponent) = (isNegative, digits, power)
    }

    /// A count.
    package init(_ count: UInt) {
        var digits = count
        var power = 0
        while digits != 0, digits % 10 == 0 {
            digits /= 10
            power += 1
        }
        (isNegative, coefficient, exponent) = (false, UInt128(digits), power)
    }

    /// Parses what DynamoDB accepts as N ("+5", "1E+2", ".5", "5." included); nil for anything else, or out of range.
    package init?(_ text: String) {
        var text = text
        let parsed = text.withUTF8 { DecimalNumber(digits: UnsafeRawBufferPointer($0)) }
        guard let parsed else { return nil }
        self = parsed
    }

    /// The same over UTF-8 bytes.
    package init?(digits text: UnsafeRawBufferPointer) {
        var index = 0
        var isNegative = false
        if index < text.count, text[index] == UInt8(ascii: "-") || text[index] == UInt8(ascii: "+") {
            isNegative = text[index] == UInt8(ascii: "-")
            index += 1
        }
        guard let mantissa = Mantissa(text, &index), let power = DecimalNumber.readExponent(text, &index),
            index == text.count
        else { return nil }
        self.init(isNegative: isNegative, coefficient: mantissa.coefficient, exponent: mantissa.exponent + power)
    }

    /// Digits with at most one point, zeros at either end kept out of the coefficient.
    private struct Mantissa {
        var coefficient: UInt128 = 0
        var exponent = 0

        init?(_ text: UnsafeRawBufferPointer, _ index: inout Int) {
            var seenDigit = false
            var seenPoint = false
            var digits = 0
            var pendingZeros = 0
            while index < text.count {
                let byte = text[index]
                if byte == UInt8(ascii: "."), !seenPoint {
                    seenPoint = true
                } else if byte &- UInt8(ascii: "0") < 10 {
                    seenDigit = true
                    if seenPoint { exponent -= 1 }
                    if byte != UInt8(ascii: "0") {
                        digits += pendingZeros + 1
                        guard digits <= DecimalNumber.maximumDigits else { return nil }
                        for _ in 0..<pendingZeros { coefficient &*= 10 }
                        pendingZeros = 0
                        coefficient = coefficient &* 10 &+ UInt128(byte &- UInt8(ascii: "0"))
                    } else if coefficient != 0 {
                        pendingZeros += 1
                    }
                } else {
                    break
                }
                index += 1
            }
            guard seenDigit else { return nil }
            exponent += pendingZeros
        }
    }

    /// An optional exponent part: 0 when there is none, nil when it is malformed. Absurd ones saturate: they are out of range.
    private static func readExponent(_ text: UnsafeRawBufferPointer, _ index: inout Int) -> Int? {
        guard index < text.count, text[index] | 0x20 == UInt8(ascii: "e") else { return 0 }
        index += 1
        var isNegative = false
        if index < text.count, text[index] == UInt8(ascii: "-") || text[index] == UInt8(ascii: "+") {
            isNegative = text[index] == UInt8(ascii: "-")
            index += 1
        }
        let first = index
        var value = 0
        while index < text.count, text[index] &- UInt8(ascii: "0") < 10 {
            if value < 1_000_000_000_000 { value = value * 10 + Int(text[index] &- UInt8(ascii: "0")) }
            index += 1
        }
        guard index > first else { return nil }
        return isNegative ? -value : value
    }

    static func digitCount(_ value: UInt128) -> Int {
        var count = 0
        var rest = value
        while rest >= 10_000_000_000 {
            rest /= 10_000_000_000
            count += 10
        }
        var low = UInt64(truncatingIfNeeded: rest)
        repeat {
            low /= 10
            count += 1
        } while low != 0
        return count
    }

    /// The canonical digits.
    package var text: String {
        if coefficient == 0 { return "0" }
        let digits = String(coefficient)
        let sign = isNegative ? "-" : ""
        if exponent >= 0 { return sign + digits + String(repeating: "0", count: exponent) }
        let point = digits.utf8.count + exponent
        if point <= 0 { return sign + "0." + String(repeating: "0", count: -point) + digits }
        return sign + digits.prefix(point) + "." + digits.dropFirst(point)
    }

    package static func < (left: DecimalNumber, right: DecimalNumber) -> Bool {
        if left.isNegative != right.isNegative { return left.isNegative }
        let comparison = compareMagnitudes(left, right)
        return left.isNegative ? comparison > 0 : comparison < 0
    }

    private static func compareMagnitudes(_ left: DecimalNumber, _ right: DecimalNumber) -> Int {
        if left.coefficient == 0 || right.coefficient == 0 {
            return (left.coefficient == 0 ? 0 : 1) - (right.coefficient == 0 ? 0 : 1)
        }
        let leftDigits = digitCount(left.coefficient)
        let rightDigits = digitCount(right.coefficient)
        let magnitude = (left.exponent + leftDigits) - (right.exponent + rightDigits)
        if magnitude != 0 { return magnitude }
        let a = left.coefficient * power(max(0, rightDigits - leftDigits))
        let b = right.coefficient * power(max(0, leftDigits - rightDigits))
        return a == b ? 0 : a < b ? -1 : 1
    }

    static func power(_ exponent: Int) -> UInt128 {
        var result: UInt128 = 1
        for _ in 0..<exponent { result *= 10 }
        return result
    }

    /// The exact sum (UpdateItem's ADD and SET a = a + b); nil when it needs more than 38 digits or leaves the range.
    package static func sum(_ left: DecimalNumber, _ right: DecimalNumber) -> DecimalNumber? {
        if left.coefficient == 0 { return right }
        if right.coefficient == 0 { return left }
        let (high, low) = left.exponent >= right.exponent ? (left, right) : (right, left)
        let shift = high.exponent - low.exponent
        // Shifting past 39 digits, or past 128 bits, leaves a result of more than 38 digits: `low` ends in a digit other than 0.
        guard shift <= maximumDigits else { return nil }
        let (aligned, overflow) = high.coefficient.multipliedReportingOverflow(by: power(shift))
        if overflow { return nil }
        if high.isNegative == low.isNegative {
            let (total, overflow) = aligned.addingReportingOverflow(low.coefficient)
            return overflow
                ? nil : DecimalNumber(isNegative: low.isNegative, coefficient: total, exponent: low.exponent)
        }
        let isNegative = aligned >= low.coefficient ? high.isNegative : low.isNegative
        let rest = aligned >= low.coefficient ? aligned - low.coefficient : low.coefficient - aligned
        return DecimalNumber(isNegative: isNegative, coefficient: rest, exponent: low.exponent)
    }

    /// The exact difference, with the limits of `sum`.
    package static func difference(_ left: DecimalNumber, _ right: DecimalNumber) -> DecimalNumber? {
        sum(left, right.negated)
    }

    /// The same magnitude with the other sign. Negation keeps every limit, so it is always possible.
    private var negated: DecimalNumber {
        DecimalNumber(isNegative: !isNegative, coefficient: coefficient, exponent: exponent) ?? self
    }
}
