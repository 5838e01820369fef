/// One life of the replica's contents: 8 to 13 characters of `a-z2-7`, new for each rebuild.
package struct Epoch: Sendable, Hashable, CustomStringConvertible {
    /// The characters.
    package let text: String

    /// The RFC 4648 base32 alphabet in lower case.
    static let alphabet = [UInt8]("abcdefghijklmnopqrstuvwxyz234567".utf8)

    /// Takes an epoch's text; nil unless it is 8 to 13 characters of `a-z2-7`.
    package init?(_ text: String) {
        guard (8...13).contains(text.utf8.count), text.utf8.allSatisfy(Epoch.alphabet.contains) else { return nil }
        self.text = text
    }

    private init(unchecked text: String) { self.text = text }

    /// The epoch of positions that come from more than one replica. No replica has it: its own have 12 characters.
    package static let several = Epoch(unchecked: "zzzzzzzz")

    /// A new random epoch of 12 characters (60 bits).
    package static func random() -> Epoch {
        var generator = SystemRandomNumberGenerator()
        var bits = generator.next()
        var text = ""
        for _ in 0..<12 {
            text.unicodeScalars.append(Unicode.Scalar(alphabet[Int(bits & 31)]))
            bits >>= 5
        }
        return Epoch(unchecked: text)
    }

    package var description: String { text }
}
