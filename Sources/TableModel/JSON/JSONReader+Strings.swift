import Basics

/// A string's raw content between its quotes: valid UTF-8 with valid escapes.
struct ScannedString {
    let bytes: UnsafeRawBufferPointer
    /// Whether a backslash occurs, so that the content must be decoded.
    let hasEscapes: Bool

    /// The content, decoded.
    var text: String {
        if !hasEscapes { return String(decoding: bytes, as: UTF8.self) }
        return String(unsafeUninitializedCapacity: bytes.count) { room in
            guard let target = room.baseAddress else { return 0 }
            return JSONReader.decode(bytes, to: UnsafeMutableRawPointer(target))
        }
    }
}

extension JSONReader {
    /// Reads a string.
    package mutating func readString() throws(JSONError) -> String { try scanString().text }

    /// Consumes a string, validates it, and returns its content in place.
    @inline(__always)
    mutating func scanString() throws(JSONError) -> ScannedString {
        try consume(UInt8(ascii: "\""), "a string")
        let first = position
        // Eight bytes at a time: in most strings the first special byte is the closing quote.
        while end - position >= 8 {
            let word = UInt64(littleEndian: UnsafeRawPointer(position).loadUnaligned(as: UInt64.self))
            let special = JSONText.special(word)
            if special == 0 {
                position += 8
                continue
            }
            position += special.trailingZeroBitCount &>> 3
            if position.pointee == UInt8(ascii: "\"") {
                let bytes = UnsafeRawBufferPointer(start: first, count: position - first)
                position += 1
                return ScannedString(bytes: bytes, hasEscapes: false)
            }
            break
        }
        return try scanRest(of: first)
    }

    /// The rest of a string that is not plain ASCII, or that ends near the end of the input.
    @inline(never)
    private mutating func scanRest(of first: UnsafePointer<UInt8>) throws(JSONError) -> ScannedString {
        var hasEscapes = false
        while position < end {
            switch position.pointee {
            case UInt8(ascii: "\""):
                let bytes = UnsafeRawBufferPointer(start: first, count: position - first)
                position += 1
                return ScannedString(bytes: bytes, hasEscapes: hasEscapes)
            case UInt8(ascii: "\\"):
                hasEscapes = true
                _ = try readEscape()
            case 0..<0x20:
                throw failure("a control character must be escaped in a string")
            case 0x80...:
                try skipMultibyte()
            default:
                position += 1
            }
        }
        throw failure("expected the end of a string, found the end")
    }

    /// Moves past one UTF-8 sequence of more than one byte (RFC 3629 section 4).
    @inline(__always)
    private mutating func skipMultibyte() throws(JSONError) {
        let lead = position.pointee
        var low: UInt8 = 0x80
        var high: UInt8 = 0xBF
        let count: Int
        switch lead {
        case 0xC2...0xDF: count = 2
        case 0xE0: (count, low) = (3, 0xA0)
        case 0xED: (count, high) = (3, 0x9F)
        case 0xE1...0xEF: count = 3
        case 0xF0: (count, low) = (4, 0x90)
        case 0xF1...0xF3: count = 4
        case 0xF4: (count, high) = (4, 0x8F)
        default: throw failure("a string is not UTF-8")
        }
        guard end - position >= count, position[1] >= low, position[1] <= high else {
            throw failure("a string is not UTF-8")
        }
        for index in 2..<max(2, count) where position[index] & 0xC0 != 0x80 { throw failure("a string is not UTF-8") }
        position += count
    }

    /// Consumes one escape, a whole surrogate pair included, and returns its scalar.
    private mutating func readEscape() throws(JSONError) -> UInt32 {
        guard end - position >= 2 else { throw failure("an escape is not complete") }
        let letter = position[1]
        if letter != UInt8(ascii: "u") {
            guard let scalar = JSONReader.scalar(ofEscape: letter) else { throw failure("unknown escape") }
            position += 2
            return scalar
        }
        let unit = try readUnit()
        if !(0xD800...0xDFFF).contains(unit) { return unit }
        guard unit < 0xDC00, end - position >= 2, position[0] == UInt8(ascii: "\\"), position[1] == UInt8(ascii: "u")
        else { throw failure("a surrogate escape has no partner") }
        let low = try readUnit()
        guard (0xDC00...0xDFFF).contains(low) else { throw failure("a surrogate escape has no partner") }
        return 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)
    }

    /// Consumes `\uXXXX`.
    private mutating func readUnit() throws(JSONError) -> UInt32 {
        guard end - position >= 6, let unit = JSONReader.unit(UnsafeRawPointer(position)) else {
            throw failure("expected four hexadecimal digits")
        }
        position += 6
        return unit
    }

    /// The value of `\uXXXX`; nil unless the digits are hexadecimal.
    private static func unit(_ escape: UnsafeRawPointer) -> UInt32? {
        var unit: UInt32 = 0
        for index in 2..<6 {
            guard let digit = Hex.value(escape.load(fromByteOffset: index, as: UInt8.self)) else { return nil }
            unit = unit << 4 | UInt32(digit)
        }
        return unit
    }

    private static func scalar(ofEscape letter: UInt8) -> UInt32? {
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): UInt32(letter)
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0C
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "t"): 0x09
        default: nil
        }
    }

    /// Writes a scanned string's text and returns its length, which is never more than the content's.
    static func decode(_ content: UnsafeRawBufferPointer, to output: UnsafeMutableRawPointer) -> Int {
        guard let source = content.baseAddress else { return 0 }
        var target = output
        var index = 0
        while index < content.count {
            let byte = content[index]
            if byte != UInt8(ascii: "\\") {
                target.storeBytes(of: byte, as: UInt8.self)
                target += 1
                index += 1
                continue
            }
            var scalar: UInt32
            if content[index + 1] == UInt8(ascii: "u") {
                // The scan proved the digits and the pairing.
                scalar = unit(source + index) ?? 0xFFFD
                index += 6
                if (0xD800...0xDBFF).contains(scalar), index + 6 <= content.count {
                    scalar = 0x10000 + (scalar - 0xD800) << 10 + ((unit(source + index) ?? 0xDC00) - 0xDC00)
                    index += 6
                }
            } else {
                scalar = JSONReader.scalar(ofEscape: content[index + 1]) ?? 0xFFFD
                index += 2
            }
            target += encode(scalar, to: target)
        }
        return target - output
    }

    /// Writes a scalar as UTF-8 and returns its length.
    private static func encode(_ scalar: UInt32, to output: UnsafeMutableRawPointer) -> Int {
        let bytes = output.assumingMemoryBound(to: UInt8.self)
        func continuation(_ shift: UInt32) -> UInt8 { UInt8(truncatingIfNeeded: 0x80 | (scalar >> shift & 0x3F)) }
        switch scalar {
        case ..<0x80:
            bytes[0] = UInt8(truncatingIfNeeded: scalar)
            return 1
        case ..<0x800:
            bytes[0] = UInt8(truncatingIfNeeded: 0xC0 | scalar >> 6)
            bytes[1] = continuation(0)
            return 2
        case ..<0x10000:
            bytes[0] = UInt8(truncatingIfNeeded: 0xE0 | scalar >> 12)
            bytes[1] = continuation(6)
            bytes[2] = continuation(0)
            return 3
        default:
            bytes[0] = UInt8(truncatingIfNeeded: 0xF0 | scalar >> 18)
            bytes[1] = continuation(12)
            bytes[2] = continuation(6)
            bytes[3] = continuation(0)
            return 4
        }
    }
}
