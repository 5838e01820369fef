import Testing

@testable import Service

@Suite struct PercentEncodingTests {
    @Test("encodes everything but unreserved characters in a value")
    func component() {
        #expect(PercentEncoding.component("a-Z_0.~ /&=+%ä\"<>\r\n") == "a-Z_0.~%20%2F%26%3D%2B%25%C3%A4%22%3C%3E%0D%0A")
    }

    @Test("keeps escapes and slashes of a path, and encodes what could end a Link")
    func path() { #expect(PercentEncoding.path("/v1/items/a%2Fb>;\"") == "/v1/items/a%2Fb%3E%3B%22") }
}
