import Testing

@testable import Service

@Suite struct MediaPreferenceTests {
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
        #expect(MediaPreference.prefersHTML(accept) == isHTML)
    }

    @Test("Whoever does not say gets JSON")
    func unsaid() { #expect(!MediaPreference.prefersHTML(nil)) }
}
