import Testing

@testable import Digest

@Suite struct SHA256DigestTests {
    @Test(
        "has the digests of FIPS 180-4 and of sha256sum, in one piece or not",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
            (
                String(repeating: "a", count: 1_000_000),
                "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
            ),
        ]
    )
    func vectors(text: String, digits: String) {
        #expect(SHA256Digest(text.utf8).hexadecimal == digits)
        #expect(SHA256Digest(text.utf8.lazy.filter { _ in true }).hexadecimal == digits)
        #expect(SHA256Digest(text.utf8) == SHA256Digest(hexadecimal: digits))
        #expect(SHA256Digest(hexadecimal: digits.uppercased()) == SHA256Digest(hexadecimal: digits))
    }

    @Test(
        "has the codes of RFC 4231, its test cases 1 to 3 and 6, and of a key and a message that are empty",
        arguments: [
            (
                [UInt8](repeating: 0x0b, count: 20), Array("Hi There".utf8),
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
            ),
            (
                Array("Jefe".utf8), Array("what do ya want for nothing?".utf8),
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
            ),
            (
                [UInt8](repeating: 0xaa, count: 20), [UInt8](repeating: 0xdd, count: 50),
                "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
            ),
            (
                [UInt8](repeating: 0xaa, count: 131),
                Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
            ),
            ([], [], "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"),
        ]
    )
    func codes(key: [UInt8], message: [UInt8], digits: String) {
        #expect(SHA256Digest(hmacOf: message, key: key).hexadecimal == digits)
        #expect(SHA256Digest(hmacOf: message.lazy.filter { _ in true }, key: key[...]).hexadecimal == digits)
    }

    @Test("differs when any one digit does, and takes nothing but 64 digits")
    func differences() {
        let digits = String(repeating: "0", count: 64)
        for index in 0..<64 {
            var other = Array(digits)
            other[index] = "1"
            #expect(SHA256Digest(hexadecimal: String(other)) != SHA256Digest(hexadecimal: digits))
        }
        for text in ["", String(digits.dropLast()), digits + "0", String(repeating: "g", count: 64)] {
            #expect(SHA256Digest(hexadecimal: text) == nil)
        }
    }

    @Test("begins with its own bytes, up to all of them, and with no others")
    func prefixes() {
        let digest = SHA256Digest("abc".utf8)
        for count in 1...32 {
            let prefix = Array(digest.bytes.prefix(count))
            #expect(digest.begins(with: prefix))
            var other = prefix
            other[count - 1] ^= 1
            #expect(!digest.begins(with: other))
        }
        #expect(!digest.begins(with: []))
        #expect(!digest.begins(with: digest.bytes + [0]))
    }
}
