import Testing

@testable import FeedClient

@Suite struct FeedAddressTests {
    @Test(
        "an address without a path is that of the feed, and one with a path stays",
        arguments: [
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080/v1/events"),
            ("https://a.example/", "https://a.example/v1/events"),
            ("http://[::1]:80/v1/events?pk=a#part", "http://[::1]:80/v1/events?pk=a"),
            ("http://a?pk=b", "http://a/v1/events?pk=b"),
        ]
    )
    func addresses(_ text: String, _ url: String) throws {
        #expect(try FeedAddress(text).url == url)
    }

    @Test("parameters are encoded so that nothing in them ends them")
    func parameters() throws {
        var address = try FeedAddress("http://a/v1/events?pk=b")
        address.add("where", "a = 'x&y#%' ü")
        #expect(address.url == "http://a/v1/events?pk=b&where=a%20%3D%20%27x%26y%23%25%27%20%C3%BC")
        #expect(address.url(path: "/v1/status") == "http://a/v1/status")
    }

    @Test(
        "refuses what is no address of a service, and says what is one",
        arguments: [
            (
                "127.0.0.1:8080",
                "'127.0.0.1:8080' is not an address: give http://HOST:PORT or https://HOST[/v1/events?…]"
            ),
            ("ftp://a", "'ftp://a' is not an address: give http://HOST:PORT or https://HOST[/v1/events?…]"),
            ("http:///v1", "'http:///v1' names no host: give http://HOST:PORT"),
            ("http://u:p@a", "credentials do not belong into an address: give a token with --token-file"),
        ]
    )
    func refused(_ text: String, _ message: String) {
        #expect(throws: FeedAddress.Invalid(description: message)) { try FeedAddress(text) }
    }
}
