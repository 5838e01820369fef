import HTTPSemantics
import Testing

@Suite struct LoopbackHostTests {
    @Test(
        "loopback is what the text says, not what a name may resolve to",
        arguments: [
            ("localhost", true), ("LocalHost", true), ("localhost.", true), ("127.0.0.1", true), ("127.255.0.9", true),
            ("[::1]", true), ("[0:0:0:0:0:0:0:1]", true), ("[::ffff:127.0.0.1]", true), ("[::ffff:7f00:1]", true),
            ("localhost..", false), ("localhost.evil.example", false), ("evil.localhost", false),
            ("127.0.0.1.evil", false),
            ("127.0.0.256", false), ("127.1", false), ("127.0.0.", false), ("127..0.1", false), ("0127.0.0.1", false),
            ("128.0.0.1", false), ("0.0.0.0", false), ("127.evil.example", false), ("[::2]", false), ("[::]", false),
            ("::1", false), ("[::1", false), ("", false), (".", false), ("[::ffff:8.8.8.8]", false),
        ]
    )
    func loopback(host: String, expected: Bool) { #expect(LoopbackHost.matches(host[...]) == expected) }
}
