import Testing

@testable import Service

@Suite struct SHA256Tests {
    @Test(
        "has the digests of FIPS 180-4 and of sha256sum",
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
        #expect(SHA256Digest(text.utf8) == SHA256Digest(hexadecimal: digits))
        #expect(SHA256Digest(hexadecimal: digits.uppercased()) == SHA256Digest(hexadecimal: digits))
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
}
