/// Hexadecimal digits. Written in lower case unless said.
package enum Hex {
    /// The digit of a value below 16.
    @inlinable @inline(__always)
    package static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") &+ value : UInt8(ascii: "a") &- 10 &+ value
    }

    /// The digit of a value below 16, in upper case.
    @inlinable @inline(__always)
    package static func upperDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") &+ value : UInt8(ascii: "A") &- 10 &+ value
    }

    /// The value of a digit of either case; nil for anything else.
    @inlinable @inline(__always)
    package static func value(_ digit: UInt8) -> UInt8? {
        let number = digit &- UInt8(ascii: "0")
        if number < 10 { return number }
        let letter = (digit | 0x20) &- UInt8(ascii: "a")
        return letter < 6 ? letter &+ 10 : nil
    }

    /// Writes the 16 digits of `number` to `room`, from `start` on.
    @inlinable
    package static func write(_ number: UInt64, to room: UnsafeMutableBufferPointer<UInt8>, at start: Int = 0) {
        for index in 0..<16 {
            room[start + index] = digit(UInt8(truncatingIfNeeded: number >> UInt64(60 - 4 * index) & 15))
        }
    }

    /// The digits of `number`, after zeros where they are fewer than `width`.
    package static func text(_ number: some UnsignedInteger, width: Int = 1) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }

    /// Two digits for each byte. One allocation: digests are written for each request to AWS.
    package static func text(_ bytes: some Collection<UInt8>) -> String {
        let count = 2 * bytes.count
        return String(unsafeUninitializedCapacity: count) { room in
            var end = 0
            for byte in bytes {
                room[end] = digit(byte >> 4)
                room[end + 1] = digit(byte & 15)
                end += 2
            }
            return end
        }
    }
}
