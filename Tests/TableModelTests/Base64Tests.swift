import TableModel
import Testing

@Suite struct Base64Tests {
    @Test(
        "the vectors of RFC 4648 section 10",
        arguments: [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ]
    )
    func vectors(plain: String, encoded: String) {
        let bytes = [UInt8](plain.utf8)
        #expect(Base64.encode(bytes) == encoded)
        #expect(Base64.decode(encoded) == bytes)
        #expect(Base64.encodeURL(bytes) == encoded.filter { $0 != "=" })
        #expect(Base64.decodeURL(encoded) == bytes)
        #expect(Base64.decodeURL(encoded.filter { $0 != "=" }) == bytes)
    }

    @Test("random bytes come back from both alphabets")
    func roundTrip() {
        var random = RandomValues(seed: 4)
        for _ in 0..<500 {
            let bytes = random.bytes()
            #expect(Base64.decode(Base64.encode(bytes)) == bytes)
            #expect(Base64.decodeURL(Base64.encodeURL(bytes)) == bytes)
        }
    }

    @Test("the two alphabets differ in their last two characters, and neither takes the other's")
    func alphabets() {
        #expect(Base64.encode([0xFB, 0xFF]) == "+/8=")
        #expect(Base64.encodeURL([0xFB, 0xFF]) == "-_8")
        #expect(Base64.decode("-_8=") == nil)
        #expect(Base64.decodeURL("+/8=") == nil)
    }

    @Test(
        "malformed text is refused",
        arguments: [
            "A", "AA", "AAA", "AA=", "A===", "====", "=AAA", "AA=A", "AB==", "AAB=", "AA==AA==", "A A=", "AA\n=",
            "AAAA=", "é===",
        ]
    )
    func malformed(text: String) { #expect(Base64.decode(text) == nil) }

    @Test(
        "base64url refuses wrong padding, lengths and unused bits",
        arguments: ["A", "AA=", "AAA==", "AB", "AAB", "AAAAA"]
    )
    func malformedURL(text: String) { #expect(Base64.decodeURL(text) == nil) }
}
