/// Unsigned numbers in decimal digits.
package enum Digits {
    /// The number that `bytes` write with digits alone; nil for none, for anything else, and for more digits than 18.
    package static func number(_ bytes: some Collection<UInt8>) -> Int64? {
        guard !bytes.isEmpty, bytes.count <= 18 else { return nil }
        var value: Int64 = 0
        for byte in bytes {
            let digit = byte &- UInt8(ascii: "0")
            guard digit < 10 else { return nil }
            value = value * 10 + Int64(digit)
        }
        return value
    }

    /// A whole number as options and parameters write it, at most 12 digits long; nil for anything else, where `Int`
    /// would take `+5`.
    package static func integer(_ text: some StringProtocol) -> Int? {
        text.utf8.count <= 12 ? number(text.utf8).map { Int($0) } : nil
    }

    /// Calls `body` with the digits of `number`.
    @inlinable
    package static func withDigits(of number: UInt64, _ body: (UnsafeRawBufferPointer) -> Void) {
        withUnsafeTemporaryAllocation(byteCount: 20, alignment: 1) { room in
            var rest = number
            var start = 20
            repeat {
                start -= 1
                room[start] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            } while rest > 0
            body(UnsafeRawBufferPointer(rebasing: room[start...]))
        }
    }

    /// Appends the digits of `number`.
    package static func append(_ number: UInt64, to output: inout [UInt8]) {
        withDigits(of: number) { output.append(contentsOf: $0) }
    }

    /// Appends the digits of `number`, after a minus sign where it is negative.
    package static func append(_ number: Int64, to output: inout [UInt8]) {
        if number < 0 { output.append(UInt8(ascii: "-")) }
        append(number.magnitude, to: &output)
    }
}
