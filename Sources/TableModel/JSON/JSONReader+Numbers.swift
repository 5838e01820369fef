extension JSONReader {
    /// Consumes a JSON number (RFC 8259 section 6) and returns its text.
    mutating func scanNumber() throws(JSONError) -> UnsafeRawBufferPointer {
        skipSpace()
        let first = position
        scan: while position < end {
            switch position.pointee {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."),
                UInt8(ascii: "e"), UInt8(ascii: "E"):
                position += 1
            default: break scan
            }
        }
        let text = UnsafeRawBufferPointer(start: first, count: position - first)
        guard JSONText.numberGrammar(text) == .json else {
            position = first
            throw failure("expected a number")
        }
        return text
    }

    /// Any JSON number as it is written.
    package mutating func readNumber() throws(JSONError) -> String {
        String(decoding: try scanNumber(), as: UTF8.self)
    }

    /// An integer; a fraction or exponent, or a value outside Int64, throws.
    package mutating func readInteger() throws(JSONError) -> Int64 {
        skipSpace()
        let first = position
        let text = try scanNumber()
        guard let value = Int64(String(decoding: text, as: UTF8.self)) else {
            position = first
            throw failure("expected an integer of at most 64 bits")
        }
        return value
    }

    /// Any JSON number as a Double (a stream's fractional timestamps).
    package mutating func readDouble() throws(JSONError) -> Double {
        skipSpace()
        let first = position
        let text = try scanNumber()
        guard let value = Double(String(decoding: text, as: UTF8.self)), value.isFinite else {
            position = first
            throw failure("expected a number in the range of a double")
        }
        return value
    }
}
