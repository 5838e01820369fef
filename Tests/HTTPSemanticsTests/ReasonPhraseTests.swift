import HTTPSemantics
import Testing

@Suite struct ReasonPhraseTests {
    @Test(
        "statuses have their phrases, and unknown ones none",
        arguments: [
            (200, "OK"), (304, "Not Modified"), (404, "Not Found"), (413, "Content Too Large"),
            (503, "Service Unavailable"),
            (299, nil), (418, nil), (599, nil), (0, nil),
        ] as [(Int, String?)]
    )
    func phrases(status: Int, phrase: String?) { #expect(ReasonPhrase.of(status).map { "\($0)" } == phrase) }
}
