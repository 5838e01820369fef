/// The order-preserving encoding of numbers in keys.
///
/// Zero is `80`. A positive number is `C0 e d… 01`: it equals `0.d1d2… × 100^E` with base-100 digits, the first and the last not 0;
/// `e` is E + 128 (64…191) and each `d` a digit + 2 (2…101), so that the terminator sorts before any further digit. A negative
/// number is `40` and the complement of what follows `C0`. No byte is ever 00, so a number needs no escaping inside a key.
extension DecimalNumber {
    /// The longest encoding: sign, exponent, twenty base-100 digits (38 digits at an odd offset), terminator.
    static let maximumOrderedCount = 23

    /// Order-preserving bytes: memcmp order is numeric order, equal values have equal bytes. `ItemKey` uses them.
    package func appendOrderedBytes(to output: inout [UInt8]) {
        withUnsafeTemporaryAllocation(byteCount: DecimalNumber.maximumOrderedCount, alignment: 1) { buffer in
            let count = writeOrderedBytes(to: buffer)
            output.append(contentsOf: UnsafeRawBufferPointer(buffer)[..<count])
        }
    }

    /// Writes the encoding, at most `maximumOrderedCount` bytes, and returns its length.
    func writeOrderedBytes(to output: UnsafeMutableRawBufferPointer) -> Int {
        if coefficient == 0 {
            output[0] = 0x80
            return 1
        }
        let complement: UInt8 = isNegative ? 0xFF : 0
        var digits = coefficient
        var power = exponent / 2
        var end = DecimalNumber.maximumOrderedCount
        if exponent & 1 != 0 {
            // With an odd power of ten the last base-100 digit takes one decimal digit and a 0.
            let (quotient, remainder) = digits.quotientAndRemainder(dividingBy: 10)
            end -= 1
            output[end] = (UInt8(truncatingIfNeeded: remainder) * 10 + 2) ^ complement
            digits = quotient
            power = (exponent + 1) / 2
        }
        while digits != 0 {
            let (quotient, remainder) = digits.quotientAndRemainder(dividingBy: 100)
            end -= 1
            output[end] = (UInt8(truncatingIfNeeded: remainder) + 2) ^ complement
            digits = quotient
            power += 1
        }
        output[0] = isNegative ? 0x40 : 0xC0
        output[1] = UInt8(truncatingIfNeeded: power + 128) ^ complement
        let count = DecimalNumber.maximumOrderedCount - end
        for index in 0..<count { output[2 + index] = output[end + index] }
        output[2 + count] = 0x01 ^ complement
        return count + 3
    }

    /// Reads what `writeOrderedBytes` wrote, which must be all of `bytes`; nil for anything else.
    init?(ordered bytes: UnsafeRawBufferPointer) {
        guard let first = bytes.first else { return nil }
        if first == 0x80 {
            guard bytes.count == 1 else { return nil }
            self.init(isNegative: false, coefficient: 0, exponent: 0)
            return
        }
        guard first == 0x40 || first == 0xC0, (4...DecimalNumber.maximumOrderedCount).contains(bytes.count) else {
            return nil
        }
        let complement: UInt8 = first == 0x40 ? 0xFF : 0
        guard bytes[bytes.count - 1] ^ complement == 0x01 else { return nil }
        var coefficient: UInt128 = 0
        var exponent = (Int(bytes[1] ^ complement) - 128 - (bytes.count - 3)) * 2
        for index in 2..<(bytes.count - 1) {
            var digit = (bytes[index] ^ complement) &- 2
            guard digit < 100 else { return nil }
            var scale: UInt128 = 100
            if index == bytes.count - 2, digit % 10 == 0 {
                digit /= 10
                scale = 10
                exponent += 1
            }
            let (scaled, overflow) = coefficient.multipliedReportingOverflow(by: scale)
            guard !overflow else { return nil }
            coefficient = scaled &+ UInt128(digit)
        }
        self.init(isNegative: first == 0x40, coefficient: coefficient, exponent: exponent)
    }
}
