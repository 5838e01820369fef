/// The character classes of HTTP and URI syntax, over bytes.
enum ByteClass {
    static let carriageReturn: UInt8 = 13
    static let lineFeed: UInt8 = 10
    static let tab: UInt8 = 9
    static let space: UInt8 = 32

    /// `tchar` of RFC 9110 section 5.6.2: what methods and field names consist of.
    @inline(__always)
    static func isToken(_ byte: UInt8) -> Bool {
        // One bit per ASCII code: the digits and "!#$%&'*+-." below 64, letters and "^_`|~" above.
        let low: UInt64 = 0x03FF_6CFA_0000_0000
        let high: UInt64 = 0x57FF_FFFF_C7FF_FFFE
        if byte >= 128 { return false }
        return ((byte < 64 ? low : high) &>> UInt64(byte & 63)) & 1 == 1
    }

    /// The bytes of a field value: visible characters, space, tab and obs-text (RFC 9110 section 5.5).
    @inline(__always)
    static func isFieldValue(_ byte: UInt8) -> Bool {
        (byte >= 0x20 && byte != 0x7F) || byte == tab
    }

    @inline(__always)
    static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

    @inline(__always)
    static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- 0x61 < 26 }

    /// ASCII letters to lower case, everything else as it is.
    @inline(__always)
    static func lowercased(_ byte: UInt8) -> UInt8 {
        byte &- 0x41 < 26 ? byte | 0x20 : byte
    }

    /// Whether `bytes` reads `lowercasedName` without regard to ASCII case.
    static func matches(_ bytes: UnsafeBufferPointer<UInt8>, _ lowercasedName: StaticString) -> Bool {
        guard bytes.count == lowercasedName.utf8CodeUnitCount else { return false }
        let name = lowercasedName.utf8Start
        for index in 0..<bytes.count where lowercased(bytes[index]) != name[index] { return false }
        return true
    }

    /// `bytes` without the spaces and tabs at its ends.
    static func trimmed(_ bytes: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
        var start = 0
        var end = bytes.count
        while start < end, bytes[start] == space || bytes[start] == tab { start += 1 }
        while end > start, bytes[end - 1] == space || bytes[end - 1] == tab { end -= 1 }
        return UnsafeBufferPointer(rebasing: bytes[start..<end])
    }
}
