/// A set of bytes.
package struct ByteSet: Sendable {
    /// One bit for each byte.
    private var bits = InlineArray<4, UInt64>(repeating: 0)

    /// The bytes of `text`.
    package init(_ text: StaticString) {
        text.withUTF8Buffer { for byte in $0 { bits[Int(byte >> 6)] |= 1 << UInt64(byte & 63) } }
    }

    /// Whether it has `byte`.
    package func contains(_ byte: UInt8) -> Bool { bits[Int(byte >> 6)] >> UInt64(byte & 63) & 1 == 1 }

    /// The bytes of both sets.
    package func union(_ other: ByteSet) -> ByteSet {
        var all = self
        for index in bits.indices { all.bits[index] |= other.bits[index] }
        return all
    }

    /// All other bytes.
    package var inverted: ByteSet {
        var others = self
        for index in bits.indices { others.bits[index] = ~bits[index] }
        return others
    }

    /// Whether it has every byte of `text`.
    package func containsAll(of text: some StringProtocol) -> Bool { text.utf8.allSatisfy(contains) }

    /// The letters of ASCII in lower case, and the digits.
    package static let lowercase = ByteSet("abcdefghijklmnopqrstuvwxyz0123456789")
    /// The letters of ASCII, and the digits.
    package static let alphanumeric = lowercase.union(ByteSet("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
    /// Letters, digits and `-._`: names of hosts, tokens and tables.
    package static let name = alphanumeric.union(ByteSet("-._"))
    /// The characters of a token (RFC 9110 section 5.6.2), such as the name of a field.
    package static let token = alphanumeric.union(ByteSet("!#$%&'*+-.^_`|~"))
    /// The unreserved characters of a URI (RFC 3986 section 2.3).
    package static let unreserved = name.union(ByteSet("~"))
}
