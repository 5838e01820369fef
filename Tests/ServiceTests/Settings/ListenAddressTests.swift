import Testing

@testable import Service

@Suite struct ListenAddressTests {
    @Test(
        "reads host and port",
        arguments: [
            ("127.0.0.1:8080", "127.0.0.1", 8080, "http://127.0.0.1:8080"),
            (":80", "0.0.0.0", 80, "http://127.0.0.1:80"),
            ("[::1]:0", "::1", 0, "http://[::1]:0"), ("localhost:65535", "localhost", 65535, "http://localhost:65535"),
        ]
    )
    func reads(text: String, host: String, port: Int, url: String) throws {
        let address = try #require(ListenAddress(text))
        #expect(address == ListenAddress(host: host, port: port))
        #expect(address.url == url)
    }

    @Test("refuses everything else", arguments: ["", "localhost", "8080", "a:", "a:65536", "a:+1", "::1:80", "a:8o"])
    func refuses(text: String) { #expect(ListenAddress(text) == nil) }
}
