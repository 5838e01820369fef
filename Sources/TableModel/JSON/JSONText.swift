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

    /// The grammar that a number's text follows.
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
