/// Questions about bytes that are to be JSON text.
enum JSONText {
    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let highs: UInt64 = 0x8080_8080_8080_8080

    /// The high bit of each of eight bytes that is `"`, `\`, a control or not ASCII. Only the lowest set bit is exact, as
    /// borrows run upwards, and only it is used.
    @inline(__always)
    static func special(_ word: UInt64) -> UInt64 {
        let quote = word ^ (ones &* 0x22)
        let backslash = word ^ (ones &* 0x5C)
        let found =
            ((quote &- ones) & ~quote) | ((backslash &- ones) & ~backslash) | ((word &- ones &* 0x20) & ~word) | word
        return found & highs
    }

    /// Whether a JSON string of these bytes must escape any: `"`, `\` or a control.
    static func needsEscape(_ bytes: UnsafeRawBufferPointer) -> Bool {
        for byte in bytes where byte < 0x20 || byte == 0x22 || byte == 0x5C { return true }
        return false
    }

    /// What a number's text is.
    enum NumberGrammar {
        /// Not a decimal number at all.
        case none
        /// A decimal number that JSON would not accept: "+5", ".5", "5.", "007".
        case decimal
        /// A number by RFC 8259 section 6.
        case json
    }

    /// Classifies a number's text.
    static func numberGrammar(_ text: UnsafeRawBufferPointer) -> NumberGrammar {
        var index = 0
        var isJSON = true
        let count = text.count
        if index < count, text[index] == UInt8(ascii: "-") || text[index] == UInt8(ascii: "+") {
            isJSON = text[index] == UInt8(ascii: "-")
            index += 1
        }
        let integer = index
        while index < count, isDigit(text[index]) { index += 1 }
        let integerDigits = index - integer
        if integerDigits == 0 || (integerDigits > 1 && text[integer] == UInt8(ascii: "0")) { isJSON = false }
        var digits = integerDigits
        if index < count, text[index] == UInt8(ascii: ".") {
            index += 1
            let fraction = index
            while index < count, isDigit(text[index]) { index += 1 }
            if index == fraction { isJSON = false }
            digits += index - fraction
        }
        if digits == 0 { return .none }
        if index < count, text[index] | 0x20 == UInt8(ascii: "e") {
            index += 1
            if index < count, text[index] == UInt8(ascii: "-") || text[index] == UInt8(ascii: "+") { index += 1 }
            let exponent = index
            while index < count, isDigit(text[index]) { index += 1 }
            if index == exponent { return .none }
        }
        return index == count ? (isJSON ? .json : .decimal) : .none
    }

    @inline(__always)
    private static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }
}

extension JSONText {
    /// Writes `bytes` as the inside of a JSON string (RFC 8259 section 7) and returns the length, at most six bytes each.
    static func escape(_ bytes: UnsafeRawBufferPointer, to output: UnsafeMutableRawPointer) -> Int {
        var target = output
        for byte in bytes {
            if byte >= 0x20, byte != 0x22, byte != 0x5C {
                target.storeBytes(of: byte, as: UInt8.self)
                target += 1
                continue
            }
            target.storeBytes(of: UInt8(ascii: "\\"), as: UInt8.self)
            if let short = shortEscape(byte) {
                target.storeBytes(of: short, toByteOffset: 1, as: UInt8.self)
                target += 2
            } else {
                target.storeBytes(of: UInt8(ascii: "u"), toByteOffset: 1, as: UInt8.self)
                target.storeBytes(of: UInt8(ascii: "0"), toByteOffset: 2, as: UInt8.self)
                target.storeBytes(of: UInt8(ascii: "0"), toByteOffset: 3, as: UInt8.self)
                target.storeBytes(of: UInt8(ascii: "0") + byte >> 4, toByteOffset: 4, as: UInt8.self)
                let low = byte & 0x0F
                let digit = low < 10 ? UInt8(ascii: "0") + low : UInt8(ascii: "a") + low - 10
                target.storeBytes(of: digit, toByteOffset: 5, as: UInt8.self)
                target += 6
            }
        }
        return target - output
    }

    /// The letter of a two-character escape; nil where only \u00XX will do.
    private static func shortEscape(_ byte: UInt8) -> UInt8? {
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
