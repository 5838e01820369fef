import Basics

/// Goes through a text once, word by word, and leaves out what stands where secrets stand: behind a name such as `token` and a delimiter,
/// behind `Bearer` and the other schemes of HTTP, before the `@` of a URL, and in a JSON Web Token.
struct RedactionScanner {
    private var rest: ArraySlice<UInt8>
    private var result: [UInt8] = []

    /// Takes a text.
    init(_ text: [UInt8]) { rest = text[...] }

    /// The text with `Redaction.mark` in the place of each secret.
    mutating func redacted() -> [UInt8] {
        while let first = rest.first {
            if rest.starts(with: Self.authorityMark) {
                passAuthority()
            } else if Self.nameBytes.contains(first) {
                passWord()
            } else {
                pass(1)
            }
        }
        return result
    }

    private static let authorityMark = Array("://".utf8)
    private static let nameBytes = ByteSet.alphanumeric.union(ByteSet("_-"))
    private static let blanks = ByteSet(" \t")
    private static let quotes = ByteSet("\"'`")
    /// The end of a value behind `=` or `:` that has no quotes.
    private static let ends = ByteSet(" \t\r\n,;&\"'`")
    private static let at = UInt8(ascii: "@")

    /// Parts of names whose values are secrets.
    private static let names = [
        "secret", "token", "password", "passwd", "passphrase", "pwd", "credential", "authorization", "apikey",
        "api_key", "api-key",
        "private_key", "private-key", "cookie",
    ]
    /// Ends of names whose values say where a secret is.
    private static let places = ["file", "path"]
    /// Schemes of HTTP authentication, whose next word is the secret (RFC 9110 section 11.4).
    private static let schemes: Set<String> = ["bearer", "basic", "negotiate"]
    /// Words that follow such a name or scheme in a sentence. Any other word there is hidden.
    private static let plainWords: Set<String> = [
        "a", "an", "and", "are", "at", "auth", "authentication", "authorization", "bad", "basic", "bearer", "been",
        "by", "cannot", "code",
        "could", "credential", "credentials", "denied", "did", "does", "empty", "error", "exchange", "expired",
        "failed", "failure", "file", "flag",
        "for", "format", "from", "has", "have", "header", "id", "in", "incorrect", "invalid", "is", "issuer", "it",
        "malformed", "mismatch",
        "missing", "must", "name", "no", "none", "not", "null", "of", "on", "option", "or", "please", "provider",
        "refresh", "refused", "rejected",
        "request", "required", "revoked", "scheme", "server", "service", "should", "that", "the", "to", "token",
        "tokens", "type", "unable",
        "unauthorized", "unknown", "unsupported", "use", "was", "were", "with", "wrong", "you", "your",
    ]

    private mutating func pass(_ count: Int) {
        result += rest.prefix(count)
        rest = rest.dropFirst(count)
    }

    private mutating func hide(_ count: Int) {
        result += Redaction.mark.utf8
        rest = rest.dropFirst(count)
    }

    /// A URL's `user:password@`. A password that is not encoded may have a slash, so one behind a port that is no number counts too.
    private mutating func passAuthority() {
        pass(Self.authorityMark.count)
        let word = rest.prefix { !Self.blanks.contains($0) && !Self.quotes.contains($0) && $0 != 0x0A && $0 != 0x0D }
        let authority = word.prefix { !ByteSet("/?#").contains($0) }
        let port = authority.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false).dropFirst().last
        let hasOddPort = port?.contains { !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ?? false
        let isBracketed = authority.first == UInt8(ascii: "[")
        if let end = (hasOddPort && !isBracketed ? word : authority).lastIndex(of: Self.at), end > rest.startIndex {
            hide(end - rest.startIndex)
        }
    }

    private mutating func passWord() {
        let word = rest.prefix(while: Self.nameBytes.contains)
        // The header of a JSON Web Token is JSON in base64, which begins so.
        if word.starts(with: "eyJ".utf8), word.count >= 8 {
            return hide(rest.prefix { Self.nameBytes.contains($0) || $0 == UInt8(ascii: ".") }.count)
        }
        pass(word.count)
        let name = String(decoding: word, as: UTF8.self).lowercased()
        if Self.schemes.contains(name) {
            hideArgument(isScheme: name)
        } else if Self.names.contains(where: name.contains), !Self.places.contains(where: name.hasSuffix) {
            // A flag's value may follow it without a delimiter.
            if !hideAssigned(), name.hasPrefix("--") { hideArgument() }
        }
    }

    /// The word behind a scheme or a flag. `basic` is a word of the language too, so there the next one must look like base64.
    private mutating func hideArgument(isScheme scheme: String? = nil) {
        let gap = rest.prefix(while: Self.blanks.contains).count
        guard gap > 0 else { return }
        let value = rest.dropFirst(gap).prefix { !Self.blanks.contains($0) && !Self.ends.contains($0) }
        guard let first = value.first, first != UInt8(ascii: "-"), !Self.isPlain(value) else { return }
        if scheme != nil, scheme != "bearer" {
            let isWord = value.allSatisfy {
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || ByteSet(".:").contains($0)
            }
            guard !isWord else { return }
        }
        pass(gap)
        hide(value.count)
    }

    /// The value behind a name and `=`, `:`, `:=` or `=>`. Returns whether there is a delimiter.
    private mutating func hideAssigned() -> Bool {
        var ahead = rest
        // The name may be in quotes.
        if let quote = ahead.first, Self.quotes.contains(quote) { ahead.removeFirst() }
        ahead = ahead.drop(while: Self.blanks.contains)
        let delimiter = ahead.prefix(while: ByteSet("=:>").contains)
        guard let sign = delimiter.first, sign != UInt8(ascii: ">"), delimiter.count <= 2, delimiter != Self.doubleColon
        else {
            return false
        }
        ahead = ahead.dropFirst(delimiter.count).drop(while: Self.blanks.contains)
        guard let first = ahead.first else { return true }
        if Self.quotes.contains(first) {
            ahead.removeFirst()
            pass(ahead.startIndex - rest.startIndex)
            hide(Self.quoted(ahead, by: first))
            return true
        }
        let value = ahead.prefix { !Self.ends.contains($0) }
        // A sentence goes on behind a colon, and a list of parameters behind an equals sign does not.
        guard !value.isEmpty, sign == UInt8(ascii: "=") || !Self.isPlain(value) else { return true }
        // The scheme, if there is one, is no secret; what follows it is.
        if Self.schemes.contains(String(decoding: value, as: UTF8.self).lowercased()) { return true }
        pass(ahead.startIndex - rest.startIndex)
        hide(value.count)
        return true
    }

    private static let doubleColon = Array("::".utf8)[...]

    /// The length of a quoted value, up to its closing quote. A backslash keeps the next character in it.
    private static func quoted(_ text: ArraySlice<UInt8>, by quote: UInt8) -> Int {
        var count = 0
        var isEscaped = false
        for byte in text {
            if isEscaped {
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == quote {
                break
            }
            count += 1
        }
        return count
    }

    /// Whether a word is one of a sentence, apart from its punctuation.
    private static func isPlain(_ word: ArraySlice<UInt8>) -> Bool {
        var word = word
        while let last = word.last, ByteSet(".:!?").contains(last) { word.removeLast() }
        return plainWords.contains(String(decoding: word, as: UTF8.self).lowercased())
    }
}
