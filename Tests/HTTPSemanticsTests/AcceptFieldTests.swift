import Testing

@testable import HTTPSemantics

@Suite struct AcceptFieldTests {
    private let json = "application/json"
    private let lines = "application/x-ndjson"

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
        let chosen = AcceptField(accept).best(of: [json, lines])
        #expect(chosen == expected.map { $0 == "json" ? json : lines })
    }

    @Test(
        "HTML goes to whoever names it and wants it at least as much as JSON",
        arguments: [
            // What browsers send.
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true),
            ("text/html", true),
            ("TEXT/HTML ; Q=0.3, application/json;q=0.3", true),
            ("text/html;q=0.5, */*;q=0.9, application/json;q=0.1", true),
            ("text/html;q=0.5, application/*;q=0.501", false),
            ("text/html;q=0, */*", false),
            ("text/html;q=nonsense", false),
            // What curl, fetch and programs send.
            ("*/*", false),
            ("application/json", false),
            ("application/json, text/plain, */*", false),
            ("text/*", false),
            ("", false),
        ]
    )
    func preference(accept: String, isHTML: Bool) {
        #expect(AcceptField(accept).names("text/html", before: json) == isHTML)
    }

    @Test("Whoever does not say gets JSON")
    func withoutField() { #expect(!AcceptField(nil).names("text/html", before: json)) }
}
