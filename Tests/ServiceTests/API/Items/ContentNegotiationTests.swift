import Testing

@testable import Service

@Suite struct ContentNegotiationTests {
    @Test(
        "chooses what the client likes best, the more specific range counting, and the service's favourite among equals",
        arguments: [
            (nil, "json"), ("", "json"), ("*/*", "json"), ("application/json", "json"),
            ("application/x-ndjson", "lines"),
            ("APPLICATION/X-NDJSON", "lines"), ("application/*", "json"), ("application/x-ndjson, */*;q=0.1", "lines"),
            ("application/x-ndjson;q=0.5, application/json;q=0.4", "lines"),
            ("application/x-ndjson, application/json", "json"),
            ("application/x-ndjson, application/json;q=0.9", "lines"),
            ("text/html, application/xhtml+xml, */*;q=0.8", "json"),
            ("application/json;q=0, */*", "lines"), ("application/x-ndjson;charset=utf-8", "lines"), ("text/csv", nil),
            ("application/json;q=0", nil), ("application/json;q=0.000, text/*", nil), ("application/*;q=0, */*", nil),
            ("application/json ; q=1.000", "json"), ("application/x-ndjson;q=2", "json"),
            ("text/csv;q=0.1234", "json"),
            ("image/png, application/json;q=0.001", "json"), (",,", "json"),
            ("application/xml;q=0.9, application/x-ndjson;q=0.1", "lines"),
        ] as [(String?, String?)]
    )
    func mediaTypes(accept: String?, expected: String?) {
        let chosen = ContentNegotiation.mediaType(accept, offered: [ListHandler.json, ListHandler.lines])
        #expect(chosen == expected.map { $0 == "json" ? ListHandler.json : ListHandler.lines })
    }

    @Test(
        "compresses only where the client says that it may",
        arguments: [
            (nil, false), ("", false), ("gzip", true), ("deflate, GZIP", true), ("x-gzip", true), ("gzip;q=0", false),
            ("*", true),
            ("*;q=0", false), ("*, gzip;q=0", false), ("br, gzip;q=0.2", true), ("identity", false),
            ("gzip;q=x", false),
        ] as [(String?, Bool)]
    )
    func codings(acceptEncoding: String?, expected: Bool) {
        #expect(AcceptEncoding(acceptEncoding).prefersGzip == expected)
    }
}
