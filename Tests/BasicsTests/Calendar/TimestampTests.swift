import Testing

@testable import Basics

@Suite struct TimestampTests {
    @Test(
        "writes RFC 3339 in UTC with milliseconds",
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (951_782_399_999, "2000-02-28T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"), (1_709_210_096_007, "2024-02-29T12:34:56.007Z"),
            (1_709_251_199_999, "2024-02-29T23:59:59.999Z"), (1_709_251_200_000, "2024-03-01T00:00:00.000Z"),
            (1_700_000_000_123, "2023-11-14T22:13:20.123Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"), (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
            (-5, "1970-01-01T00:00:00.000Z"),
        ] as [(Int64, String)]
    )
    func writes(milliseconds: Int64, text: String) {
        #expect(Timestamp.text(milliseconds) == text)
        var bytes = Array("at ".utf8)
        Timestamp.append(milliseconds, to: &bytes)
        #expect(String(decoding: bytes, as: UTF8.self) == "at " + text)
        #expect(Timestamp.milliseconds(text) == max(0, milliseconds))
    }

    @Test(
        "a day or an hour too many runs on into the next",
        arguments: ["2023-02-29T00:00:00.000Z", "2023-02-28T24:00:00.000Z", "2023-02-28T23:59:60.000Z"]
    )
    func runsOn(text: String) { #expect(Timestamp.milliseconds(text) == 1_677_628_800_000) }

    @Test(
        "reads nothing else",
        arguments: [
            "", "1795456800120", "2026-11-23T18:00:00Z", "2026-11-23T18:00:00.12Z", "2026-11-23 18:00:00.120Z",
            "2026-11-23t18:00:00.120z", "2026-11-23T18:00:00.120", "2026-13-23T18:00:00.120Z",
            "2026-00-23T18:00:00.120Z", "2026-11-00T18:00:00.120Z", "2026-11-32T18:00:00.120Z",
            "1969-12-31T23:59:59.999Z", "2026-11-23T18:00:00.12xZ", "2026-11-23T18:00:00.1200Z",
            "2026-11-23T18:00+00:00.1",
        ]
    )
    func reads(text: String) { #expect(Timestamp.milliseconds(text) == nil) }
}
