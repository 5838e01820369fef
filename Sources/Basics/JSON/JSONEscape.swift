/// The escapes of JSON strings (RFC 8259 section 7): of `"`, `\` and the controls below U+0020, and of nothing else.
package enum JSONEscape {
    /// How many bytes at most one byte becomes.
    package static let longest = 6

    /// Whether any of `bytes` must be escaped.
    @inlinable
    package static func isNeeded(_ bytes: UnsafeRawBufferPointer) -> Bool {
        for byte in bytes where byte < 0x20 || byte == 0x22 || byte == 0x5C { return true }
        return false
    }

    /// Writes `bytes` as the inside of a string and returns the length, at most `longest` for each. `output` must have
    /// room for them.
    @inlinable
    package static func write(_ bytes: UnsafeRawBufferPointer, to output: UnsafeMutableRawPointer) -> Int {
        var target = output
        for byte in bytes {
            if byte >= 0x20, byte != 0x22, byte != 0x5C {
                target.storeBytes(of: byte, as: UInt8.self)
                target += 1
                continue
            }
            target.storeBytes(of: UInt8(ascii: "\\"), as: UInt8.self)
            if let letter = letter(byte) {
                target.storeBytes(of: letter, toByteOffset: 1, as: UInt8.self)
                target += 2
            } else {
                target.storeBytes(of: UInt8(ascii: "u"), toByteOffset: 1, as: UInt8.self)
                target.storeBytes(of: UInt8(ascii: "0"), toByteOffset: 2, as: UInt8.self)
                target.storeBytes(of: UInt8(ascii: "0"), toByteOffset: 3, as: UInt8.self)
                target.storeBytes(of: Hex.digit(byte >> 4), toByteOffset: 4, as: UInt8.self)
                target.storeBytes(of: Hex.digit(byte & 15), toByteOffset: 5, as: UInt8.self)
                target += longest
            }
        }
        return target - output
    }

    /// The letter of a two-character escape; nil where only \u00XX will do.
    @inlinable
    package static func letter(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x22, 0x5C: byte
        case 0x08: UInt8(ascii: "b")
        case 0x09: UInt8(ascii: "t")
        case 0x0A: UInt8(ascii: "n")
        case 0x0C: UInt8(ascii: "f")
        case 0x0D: UInt8(ascii: "r")
        default: nil
        }
    }
}
