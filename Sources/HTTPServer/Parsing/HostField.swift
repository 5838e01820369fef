import Basics

/// The grammar of Host: `uri-host [ ":" port ]` (RFC 9110 section 7.2), without the empty host, which http URLs may not
/// have.
enum HostField {
    static func isValid(_ value: UnsafeBufferPointer<UInt8>) -> Bool {
        guard value.count > 0 else { return false }
        var index = 0
        if value[0] == UInt8(ascii: "[") {
            guard let end = value.firstIndex(of: UInt8(ascii: "]")), end > 1 else { return false }
            for byte in value[1..<end] where !isAddressCharacter(byte) { return false }
            index = end + 1
        } else {
            while index < value.count, value[index] != UInt8(ascii: ":") {
                if value[index] == UInt8(ascii: "%") {
                    guard index + 2 < value.count, Hex.value(value[index + 1]) != nil,
                        Hex.value(value[index + 2]) != nil
                    else { return false }
                } else if !isNameCharacter(value[index]) {
                    return false
                }
                index += 1
            }
            if index == 0 { return false }
        }
        if index == value.count { return true }
        guard value[index] == UInt8(ascii: ":"), value.count - index <= 6 else { return false }
        var port = 0
        for byte in value[(index + 1)...] {
            guard ByteClass.isDigit(byte) else { return false }
            port = port * 10 + Int(byte &- 0x30)
        }
        return port <= 65_535
    }

    /// Inside brackets: an IPv6 address, possibly with an embedded IPv4 one.
    private static func isAddressCharacter(_ byte: UInt8) -> Bool {
        Hex.value(byte) != nil || byte == UInt8(ascii: ":") || byte == UInt8(ascii: ".")
    }

    /// unreserved and sub-delims of RFC 3986 section 3.2.2, but no comma: two joined Host fields are not one host.
    private static func isNameCharacter(_ byte: UInt8) -> Bool {
        if ByteClass.isLetter(byte) || ByteClass.isDigit(byte) { return true }
        switch byte {
        case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"), UInt8(ascii: "!"),
            UInt8(ascii: "$"), UInt8(ascii: "&"), UInt8(ascii: "'"), UInt8(ascii: "("), UInt8(ascii: ")"),
            UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: ";"), UInt8(ascii: "="):
            return true
        default:
            return false
        }
    }
}
