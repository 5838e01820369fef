import Testing

@testable import FeedClient

@Suite struct FeedAddressTests {
    @Test(
        "an address without the path of a feed gets it, also below the path of a proxy",
        arguments: [
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080/v1/events"),
            ("https://a.example/", "https://a.example/v1/events"),
            ("http://[::1]:80/v1/events?pk=a#part", "http://[::1]:80/v1/events?pk=a"),
            ("http://a?pk=b", "http://a/v1/events?pk=b"),
            ("http://a/tc", "http://a/tc/v1/events"),
            ("http://a/tc/", "http://a/tc/v1/events"),
            ("http://a/x/tc//?pk=b", "http://a/x/tc/v1/events?pk=b"),
            ("http://a/tc/v1/events?pk=b", "http://a/tc/v1/events?pk=b"),
            ("http://a/orders/events", "http://a/orders/events"),
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
        "other paths of the service stand below the same path of a proxy",
        arguments: [
            ("http://a", "http://a"), ("http://a/", "http://a"), ("http://a/tc/", "http://a/tc"),
            ("http://a/tc/v1/events?pk=b", "http://a/tc"), ("http://a/orders/events", "http://a/orders"),
            ("http://a/v1/events/", "http://a"),
        ]
    )
    func bases(_ text: String, _ base: String) throws {
        let address = try FeedAddress(text)
        #expect(address.base == base)
        #expect(address.url(path: "/v1/status", query: "a=1") == base + "/v1/status?a=1")
    }

    @Test(
        "refuses what is no address of a service, and says what is one",
        arguments: [
            (
                "127.0.0.1:8080",
                "'127.0.0.1:8080' is not an address: give http://HOST:PORT[/PREFIX] or https://HOST/v1/events?…"
            ),
            ("ftp://a", "'ftp://a' is not an address: give http://HOST:PORT[/PREFIX] or https://HOST/v1/events?…"),
            ("http:///v1", "'http:///v1' names no host: give http://HOST:PORT"),
            ("http://u:p@a", "credentials do not belong into an address: give a token with --token-file"),
        ]
    )
    func refused(_ text: String, _ message: String) {
        #expect(throws: FeedAddress.Invalid(description: message)) { try FeedAddress(text) }
    }
}
