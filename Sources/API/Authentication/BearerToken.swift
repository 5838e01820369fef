import Basics

/// Bearer tokens as requests carry them (RFC 6750 section 2.1).
enum BearerToken {
    /// The token of an Authorization field; nil when it has another scheme or is malformed.
    static func parse(_ field: String) -> Substring? {
        guard field.prefix(7).lowercased() == "bearer " else { return nil }
        let token = field.dropFirst(7).drop { $0 == " " }
        return isWellFormed(token) ? token : nil
    }

    /// Whether a text is a `b64token`: letters, digits and `-._~+/`, then any number of `=`.
    static func isWellFormed(_ text: some StringProtocol) -> Bool {
        let text = Substring(text)
        guard let last = text.utf8.lastIndex(where: { $0 != UInt8(ascii: "=") }) else { return false }
        return characters.containsAll(of: text[...last])
    }

    private static let characters = ByteSet.unreserved.union(ByteSet("+/"))
}
