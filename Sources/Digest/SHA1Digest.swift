import Basics
internal import CCrypto

/// The SHA-1 (FIPS 180-4) of some bytes, computed by libcrypto: 20 bytes. For names that others form with it; it protects nothing.
package struct SHA1Digest: Sendable, Hashable {
    /// The 20 bytes.
    package let bytes: [UInt8]

    /// The digest of `message`.
    package init(_ message: some Collection<UInt8>) {
        let message = Array(message)
        var bytes = [UInt8](repeating: 0, count: 20)
        // As for SHA-256: only a libcrypto whose configuration withholds it cannot.
        precondition(
            SHA1(message, message.count, &bytes) != nil,
            "libcrypto has no SHA-1: let OPENSSL_CONF load its default provider"
        )
        self.bytes = bytes
    }

    /// 40 hexadecimal digits in lower case.
    package var hexadecimal: String { Hex.text(bytes) }
}
