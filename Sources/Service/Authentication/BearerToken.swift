/// Bearer tokens as requests carry them (RFC 6750 section 2.1).
enum BearerToken {
    /// The token of an Authorization field; nil when it is none of this scheme, or malformed.
    static func parse(_ field: String) -> Substring? {
        guard field.prefix(7).lowercased() == "bearer " else { return nil }
        let token = field.dropFirst(7).drop { $0 == " " }
        return isWellFormed(token) ? token : nil
    }

    /// Whether a text is a `b64token`: letters, digits and `-._~+/`, then any number of `=`.
    static func isWellFormed(_ text: some StringProtocol) -> Bool {
        let bytes = Array(text.utf8)
        guard let last = bytes.lastIndex(where: { $0 != UInt8(ascii: "=") }) else { return false }
        return bytes[...last].allSatisfy {
            switch $0 {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"), UInt8(ascii: "+"), UInt8(ascii: "/"):
                true
            default: false
            }
        }
    }
}
