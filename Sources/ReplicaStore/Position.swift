/// One life of the replica's contents: 8 to 13 characters of `a-z2-7`, new for each rebuild.
package struct Epoch: Sendable, Hashable, CustomStringConvertible {
    /// The characters.
    package let text: String

    /// The RFC 4648 base32 alphabet in lower case.
    private static let alphabet = [UInt8]("abcdefghijklmnopqrstuvwxyz234567".utf8)

    /// Takes an epoch's text; nil unless it is 8 to 13 characters of `a-z2-7`.
    package init?(_ text: String) {
        guard (8...13).contains(text.utf8.count), text.utf8.allSatisfy(Epoch.alphabet.contains) else { return nil }
        self.text = text
    }

    private init(unchecked text: String) { self.text = text }

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

/// The place of a reader in the feed: `<epoch>.<seq>`, matching `^[a-z2-7]{8,13}\.[0-9]{1,19}$`.
package struct Position: Sendable, Hashable, CustomStringConvertible {
    /// The life of the contents that `seq` counts in.
    package let epoch: Epoch
    /// The number of the last change seen; 0 before the first.
    package let seq: UInt64

    /// Names a position.
    package init(epoch: Epoch, seq: UInt64) {
        self.epoch = epoch
        self.seq = seq
    }

    /// Parses a position's text strictly; nil for anything else, leading zeros and overflow included.
    package init?(_ text: String) {
        guard let dot = text.utf8.firstIndex(of: UInt8(ascii: ".")), let epoch = Epoch(String(text[..<dot])) else {
            return nil
        }
        let digits = text.utf8[text.utf8.index(after: dot)...]
        // Nineteen digits always fit 64 bits.
        guard (1...19).contains(digits.count), digits.first != UInt8(ascii: "0") || digits.count == 1 else {
            return nil
        }
        var seq: UInt64 = 0
        for digit in digits {
            let value = digit &- UInt8(ascii: "0")
            guard value < 10 else { return nil }
            seq = seq * 10 + UInt64(value)
        }
        self.init(epoch: epoch, seq: seq)
    }

    package var description: String { "\(epoch.text).\(seq)" }
}
