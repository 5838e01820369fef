/// The name of one running service, by which followers notice that they follow themselves: 12 random characters of `a-z2-7`.
package struct InstanceID: Sendable, Hashable, CustomStringConvertible {
    private let text: String

    /// The RFC 4648 base32 alphabet in lower case.
    private static let alphabet = [UInt8]("abcdefghijklmnopqrstuvwxyz234567".utf8)

    /// A new one, of 60 random bits.
    package static func random() -> InstanceID {
        var generator = SystemRandomNumberGenerator()
        let bits = generator.next()
        let bytes = (0..<12).map { alphabet[Int(bits >> (5 * UInt64($0)) & 31)] }
        return InstanceID(text: String(decoding: bytes, as: UTF8.self))
    }

    private init(text: String) { self.text = text }

    package var description: String { text }
}
