import Testing

@testable import Basics

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

    @Test(
        "gives only examples that lie in the range",
        arguments: [
            (0, "0s to 5m, such as 1s, 5s or 2m"), (2, "2s to 5m, such as 5s or 2m"), (60, "1m to 5m, such as 2m"),
            (180, "3m to 5m"),
        ]
    )
    func hint(least: Int, text: String) {
        #expect(DurationText.hint(.seconds(least)...(.seconds(300)), examples: ["1s", "5s", "2m"]) == text)
    }
}
