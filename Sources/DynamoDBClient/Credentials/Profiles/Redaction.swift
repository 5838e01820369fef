import Basics

/// Words of a program or a server without what may be a secret, for an error. Programs print keys and tokens when they fail, and errors go
/// to logs.
///
/// A word too many is hidden rather than one too few. `RedactionScanner` knows the places that have secrets.
enum Redaction {
    /// The sign that replaces a secret.
    static let mark = "[hidden]"

    /// `text` without `secrets`, without passwords of URLs, without what follows `Bearer` or a name such as `token`, and without long words
    /// that look random.
    static func of(_ text: String, secrets: [String] = []) -> String {
        // Of bytes: as a String, a secret before a combining character would be another text.
        var bytes = Array(text.utf8)
        // The longest first: one may be a part of another.
        for secret in secrets.sorted(by: { $0.utf8.count > $1.utf8.count }) where secret.utf8.count >= 6 {
            bytes = bytes.replacing(Array(secret.utf8), with: Array(mark.utf8))
        }
        var scanner = RedactionScanner(bytes)
        return String(decoding: withoutRandomWords(scanner.redacted()), as: UTF8.self)
    }

    private static let wordBytes = ByteSet.alphanumeric.union(ByteSet("_-+/="))

    private static func withoutRandomWords(_ text: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var rest = text[...]
        while !rest.isEmpty {
            let word = rest.prefix(while: wordBytes.contains)
            if looksRandom(word) { result += mark.utf8 } else { result += word }
            rest = rest[word.endIndex...]
            let between = rest.prefix { !wordBytes.contains($0) }
            result += between
            rest = rest[between.endIndex...]
        }
        return result
    }

    /// Whether a word may be a key or a part of a token: 32 characters or more, of all three kinds, or hexadecimal digits alone.
    private static func looksRandom(_ word: ArraySlice<UInt8>) -> Bool {
        guard word.count >= 32 else { return false }
        let isMixed =
            word.contains { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }
            && word.contains { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }
            && word.contains { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        return isMixed || word.allSatisfy { Hex.value($0) != nil }
    }
}
