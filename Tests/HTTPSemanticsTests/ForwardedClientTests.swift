import Basics
import HTTPSemantics
import Testing

@Suite struct ForwardedClientTests {
    private static let trusted = Networks("10.0.0.0/8,2001:db8::/32") ?? Networks()

    @Test(
        "X-Forwarded-For is read from its end: the first address that no trusted proxy has is the client's",
        arguments: [
            ("192.0.2.1", "192.0.2.1"), ("192.0.2.9, 192.0.2.1", "192.0.2.1"), ("192.0.2.1, 10.0.0.1", "192.0.2.1"),
            ("6.6.6.6,192.0.2.1,10.0.0.2 , 10.0.0.1", "192.0.2.1"), ("10.0.0.2, 10.0.0.1", "10.0.0.2"),
            ("garbage, 192.0.2.1", "192.0.2.1"),
            ("192.0.2.1:4711", "192.0.2.1"), ("[2001:dead::1]:4711, 2001:db8::1", "2001:dead::1"),
            ("2001:dead::1", "2001:dead::1"),
            ("[2001:dead::1]", "2001:dead::1"), ("::ffff:192.0.2.1", "192.0.2.1"), (",192.0.2.1, ,", "192.0.2.1"),
            ("\t192.0.2.1\t", "192.0.2.1"),
            ("", nil), (" ", nil), ("garbage", nil), ("192.0.2.1, garbage", nil), ("192.0.2.1, unknown, 10.0.0.1", nil),
            ("192.0.2.1:", nil), ("192.0.2.1:65536", nil), ("192.0.2.1:+1", nil), ("[192.0.2.1]", nil), ("[::1", nil),
            ("[::1]x", nil),
            ("[::1]80", nil), ("192.0.2.1 10.0.0.1", nil), ("http://192.0.2.1", nil), ("\"192.0.2.1\"", nil),
            ("192.0.2.1\0", nil),
        ] as [(String, String?)]
    )
    func xForwardedFor(_ value: String, _ client: String?) {
        #expect(ForwardedClient.address(inXForwardedFor: value.utf8, trusted: Self.trusted)?.description == client)
    }

    @Test(
        "Forwarded is read like it, with quoted strings, brackets, ports and other parameters",
        arguments: [
            ("for=192.0.2.1", "192.0.2.1"), ("For=192.0.2.1;proto=https;by=10.0.0.1", "192.0.2.1"),
            (#"for=192.0.2.1, for="[2001:db8::1]:4711""#, "192.0.2.1"),
            (#"for="[2001:dead:BEEF::17]""#, "2001:dead:beef::17"),
            (#"for="192.0.2.1:80";host="a; c\"d""#, "192.0.2.1"), (#"for="192.0.2.1:_port""#, "192.0.2.1"),
            ("proto=http;for=192.0.2.1;", "192.0.2.1"), ("for=192.0.2.1 ; proto=http", "192.0.2.1"),
            ("for=6.6.6.6,for=192.0.2.1", "192.0.2.1"),
            ("for=_hidden, for=192.0.2.1", "192.0.2.1"), ("for=192.0.2.1:80", "192.0.2.1"),
            (",for=192.0.2.1,,", "192.0.2.1"),
            ("for=10.0.0.3,for=10.0.0.2", "10.0.0.3"), (#"for="\192.0.2.1""#, "192.0.2.1"),
            ("", nil), ("for", nil), ("for=", nil), ("=192.0.2.1", nil), ("for=192.0.2.1, for=unknown", nil),
            ("for=_hidden", nil),
            ("192.0.2.1", nil), ("for=192.0.2.1;for=192.0.2.2", nil), (#"for="192.0.2.1"#, nil),
            (#"for="192.0.2.1\"#, nil),
            // A client cannot hide behind garbage: what the proxy appended is the last element.
            (#"for="a, for=192.0.2.1"#, "192.0.2.1"), (#"a, for=192.0.2.1"#, "192.0.2.1"),
            ("for=1;for=2,for=192.0.2.1", "192.0.2.1"),
            (#"for="192.0.2.1"x"#, nil), ("proto=https", nil),
            ("for=192.0.2.1, proto=https", nil),
            ("for=192.0.2.1 for=10.0.0.1", nil), (#"for="2001:dead::1 ""#, nil), (#"for="[::1]:_""#, nil),
        ] as [(String, String?)]
    )
    func forwarded(_ value: String, _ client: String?) {
        #expect(ForwardedClient.address(inForwarded: value.utf8, trusted: Self.trusted)?.description == client)
    }

    @Test("any bytes are read without end or crash, and a client can only be an address that stands there")
    func anything() {
        var generator = SplitMix64(seed: 20_261_130)
        let pieces = [
            "for=", "FOR=\"", "\"", "\\", ",", ";", " ", "[", "]", ":", "::", "1", "192.0.2.1", "10.0.0.1", "_x", "=",
            "unknown", "\u{0}", "é", "80",
        ]
        for _ in 0..<20_000 {
            let text = (0..<Int.random(in: 0...12, using: &generator)).map { _ in
                pieces.randomElement(using: &generator) ?? ""
            }.joined()
            for client in [
                ForwardedClient.address(inXForwardedFor: text.utf8, trusted: Self.trusted),
                ForwardedClient.address(inForwarded: text.utf8, trusted: Self.trusted),
            ] {
                guard let client, client.isIPv4 else { continue }
                let digits = client.description.filter(\.isNumber)
                #expect(digits.allSatisfy { text.contains($0) }, "\(client) of \(text)")
            }
        }
    }
}
