import Basics

/// A program's words without what may be a secret, for an error. Programs print keys and tokens when they fail, and errors go to logs.
enum Redaction {
    /// The sign that replaces a secret.
    static let mark = "[hidden]"

    /// `text` without `secrets`, without the values of assignments to names such as `token`, and without long words that look random.
    static func of(_ text: String, secrets: [String] = []) -> String {
        // Of bytes: as a String, a secret before a combining character would be another text.
        var bytes = Array(text.utf8)
        // The longest first: one may be a part of another.
        for secret in secrets.sorted(by: { $0.utf8.count > $1.utf8.count }) where secret.utf8.count >= 6 {
            bytes = bytes.replacing(Array(secret.utf8), with: Array(mark.utf8))
        }
        return String(decoding: withoutRandomWords(withoutAssignments(bytes)), as: UTF8.self)
    }

    private static let names = ["secret", "token", "password", "passwd", "credential"]
    private static let nameBytes = ByteSet.alphanumeric.union(ByteSet("_-"))
    private static let wordBytes = nameBytes.union(ByteSet("+/="))
    private static let blanks = ByteSet(" \t")
    private static let quotes = ByteSet("\"'")
    private static let ends = ByteSet(" \t\r\n,;&\"'")

    private static func withoutAssignments(_ text: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var rest = text[...]
        while let first = rest.first {
            guard nameBytes.contains(first) else {
                result.append(rest.removeFirst())
                continue
            }
            let name = rest.prefix(while: nameBytes.contains)
            result += name
            rest = rest[name.endIndex...]
            let lowered = String(decoding: name, as: UTF8.self).lowercased()
            guard names.contains(where: { lowered.contains($0) }), let value = value(after: rest) else { continue }
            result += rest[..<value.startIndex]
            result += mark.utf8
            rest = rest[value.endIndex...]
        }
        return result
    }

    /// The value that follows a name: after `=`, and after `:` where it is quoted, since `token: expired` is plain text.
    private static func value(after text: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        var rest = text
        if let quote = rest.first, quotes.contains(quote) { rest.removeFirst() }
        rest = rest.drop(while: blanks.contains)
        guard let delimiter = rest.popFirst(), delimiter == UInt8(ascii: "=") || delimiter == UInt8(ascii: ":") else {
            return nil
        }
        rest = rest.drop(while: blanks.contains)
        if let quote = rest.first, quotes.contains(quote) {
            rest.removeFirst()
            return rest.prefix { $0 != quote }
        }
        guard delimiter == UInt8(ascii: "=") else { return nil }
        let value = rest.prefix { !ends.contains($0) }
        return value.isEmpty ? nil : value
    }

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
