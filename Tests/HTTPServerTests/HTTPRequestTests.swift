import Testing

@testable import HTTPServer

@Suite struct HTTPRequestTests {
    @Test(
        "splits the path before decoding it",
        arguments: [
            ("/", [""]), ("/v1/items/a%2Fb", ["v1", "items", "a/b"]), ("/v1/items/", ["v1", "items", ""]),
            ("//", ["", ""]),
            ("http://h", [""]),
        ]
    )
    func segments(_ target: String, _ segments: [String]) {
        let request = RouterTests.request("GET \(target)")
        #expect(request.pathSegments.map { String(decoding: $0, as: UTF8.self) } == segments)
    }

    @Test("path segments are bytes, not text")
    func binarySegments() {
        #expect(RouterTests.request("GET /%FF%fe").pathSegments == [[0xFF, 0xFE]])
    }

    @Test("reads query parameters in order, decoded, with + as space")
    func query() throws {
        let request = RouterTests.request("GET /?a=1&b=x%26+y&a=&c&&=d&e=f=g")
        let parameters = try request.queryParameters().map { "\($0.name)=\($0.value)" }
        #expect(parameters == ["a=1", "b=x& y", "a=", "c=", "=d", "e=f=g"])
        #expect(try RouterTests.request("GET /").queryParameters().isEmpty)
        #expect(try RouterTests.request("GET /?").queryParameters().isEmpty)
        #expect(RouterTests.request("GET /?").rawQuery == "")
        #expect(RouterTests.request("GET /").rawQuery == nil)
    }

    @Test("names the query parameter that is not UTF-8")
    func badQuery() {
        #expect(throws: HTTPQueryError(parameter: "pk", reason: "the parameter's value is not UTF-8")) {
            try RouterTests.request("GET /?pk=%FF").queryParameters()
        }
        #expect(throws: HTTPQueryError(parameter: "%FF", reason: "the parameter's name is not UTF-8")) {
            try RouterTests.request("GET /?%FF=1").queryParameters()
        }
    }

    @Test("finds fields without regard to case, trims them, and joins those of one name")
    func fields() {
        let request = RouterTests.request("GET /", fields: "X-A:  one \r\nx-a:two\r\nX-AB: no\r\nEmpty:\r\n")
        #expect(request.header("x-a") == "one, two")
        #expect(request.header("empty") == "")
        #expect(request.header("x") == nil)
        #expect(request.header("host") == "a")
    }

    @Test("M9: the host of an absolute target stands for the Host field")
    func authority() {
        #expect(RouterTests.request("GET http://real:8080/x").header("host") == "real:8080")
    }
}
