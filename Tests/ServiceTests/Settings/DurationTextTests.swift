import Testing

@testable import Service

@Suite struct DurationTextTests {
    @Test(
        "reads whole numbers with a unit",
        arguments: [
            ("250ms", Duration.milliseconds(250)), ("0s", .zero), ("2m", .seconds(120)), ("1h", .seconds(3600)),
        ]
    )
    func reads(text: String, duration: Duration) {
        #expect(DurationText.parse(text) == duration)
        #expect(DurationText.format(duration) == text)
    }

    @Test(
        "refuses everything else",
        arguments: ["", "5", "s", "-1s", "+1s", "1.5s", "1 s", "1d", "9999999999999ms", "5S"]
    )
    func refuses(text: String) { #expect(DurationText.parse(text) == nil) }
}
