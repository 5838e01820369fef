import Basics
internal import CCrypto

/// The SHA-256 (FIPS 180-4) of some bytes, or their HMAC with it (RFC 2104): 32 bytes, computed by libcrypto.
package struct SHA256Digest: Sendable, Hashable {
    private var storage = InlineArray<32, UInt8>(repeating: 0)

    /// The digest of `message`.
    package init(_ message: some Collection<UInt8>) {
        withBytes(of: message) { message in
            write { SHA256(message.baseAddress, message.count, $0) }
        }
    }

    /// The HMAC of `message` under `key`, which may have any length.
    package init(hmacOf message: some Collection<UInt8>, key: some Collection<UInt8>) {
        withBytes(of: key) { key in
            withBytes(of: message) { message in
                write {
                    HMAC(EVP_sha256(), key.baseAddress, Int32(key.count), message.baseAddress, message.count, $0, nil)
                }
            }
        }
    }

    /// Reads 64 hexadecimal digits of either case; nil for anything else.
    package init?(hexadecimal text: String) {
        let digits = Array(text.utf8)
        guard digits.count == 2 * storage.count else { return nil }
        for (index, digit) in digits.enumerated() {
            guard let value = Hex.value(digit) else { return nil }
            storage[index / 2] = storage[index / 2] << 4 | value
        }
    }

    /// The 32 bytes.
    package var bytes: [UInt8] { storage.indices.map { storage[$0] } }

    /// 64 hexadecimal digits in lower case.
    package var hexadecimal: String { Hex.text(bytes) }

    /// Takes a time that does not depend on where two digests differ.
    package static func == (left: SHA256Digest, right: SHA256Digest) -> Bool {
        withUnsafeBytes(of: left.storage) { left in
            withUnsafeBytes(of: right.storage) { CRYPTO_memcmp(left.baseAddress, $0.baseAddress, left.count) == 0 }
        }
    }

    /// Whether the digest begins with these bytes, 1 to 32. Takes a time that does not depend on where they differ.
    package func begins(with prefix: [UInt8]) -> Bool {
        guard (1...storage.count).contains(prefix.count) else { return false }
        return withUnsafeBytes(of: storage) { own in
            prefix.withUnsafeBytes { CRYPTO_memcmp(own.baseAddress, $0.baseAddress, $0.count) == 0 }
        }
    }

    package func hash(into hasher: inout Hasher) {
        withUnsafeBytes(of: storage) { hasher.combine(bytes: $0) }
    }

    /// Lets `compute` write the 32 bytes; it returns nil when it cannot. Only a libcrypto whose configuration withholds SHA-256 cannot. It
    /// can make no TLS connection either, and nothing that rests on digests may go on with a wrong one.
    private mutating func write(_ compute: (UnsafeMutablePointer<UInt8>?) -> UnsafeMutablePointer<UInt8>?) {
        let isWritten = withUnsafeMutableBytes(of: &storage) {
            compute($0.assumingMemoryBound(to: UInt8.self).baseAddress) != nil
        }
        precondition(isWritten, "libcrypto has no SHA-256: let OPENSSL_CONF load its default provider")
    }
}

/// Calls `body` with the bytes of `collection` in one piece, copied only where they are not.
private func withBytes<Result>(
    of collection: some Collection<UInt8>,
    _ body: (UnsafeBufferPointer<UInt8>) -> Result
) -> Result {
    collection.withContiguousStorageIfAvailable(body) ?? Array(collection).withUnsafeBufferPointer(body)
}
