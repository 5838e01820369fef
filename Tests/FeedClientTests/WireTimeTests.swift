import Testing

@testable import FeedClient

@Suite struct WireTimeTests {
    @Test(
        "reads timestamps in UTC with milliseconds",
        arguments: [
            ("1970-01-01T00:00:00.000Z", 0), ("2026-11-23T18:00:00.120Z", 1_795_456_800_120),
            ("2024-02-29T12:34:56.007Z", 1_709_210_096_007), ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
            // A day or an hour too many runs on into the next.
            ("2023-02-29T00:00:00.000Z", 1_677_628_800_000), ("2023-02-28T24:00:00.000Z", 1_677_628_800_000),
            ("2023-02-28T23:59:60.000Z", 1_677_628_800_000),
        ] as [(String, Int64)]
    )
    func timestamp(_ text: String, _ milliseconds: Int64) { #expect(WireTime.timestamp(text) == milliseconds) }

    @Test(
        "anything else is no timestamp",
        arguments: [
            "", "1795456800120", "2026-11-23T18:00:00Z", "2026-11-23T18:00:00.12Z", "2026-11-23 18:00:00.120Z",
            "2026-11-23t18:00:00.120z", "2026-11-23T18:00:00.120", "2026-13-23T18:00:00.120Z",
            "2026-00-23T18:00:00.120Z", "2026-11-00T18:00:00.120Z", "2026-11-32T18:00:00.120Z",
            "1969-12-31T23:59:59.999Z", "2026-11-23T18:00:00.12xZ", "2026-11-23T18:00:00.1200Z",
            "2026-11-23T18:00+00:00.1",
        ]
    )
    func noTimestamp(_ text: String) { #expect(WireTime.timestamp(text) == nil) }

    @Test(
        "reads a Date field, whatever the day is called and however wide the numbers are",
        arguments: [
            ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777), ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Thu, 29 Feb 2024 12:34:56 GMT", 1_709_210_096), ("Sun, 6 Nov 1994 8:49:37 GMT", 784_111_777),
            ("Xxx, 06 Nov 1994 08:49:37 UTC", 784_111_777), ("Sun,06 Nov 1994 08:49:37 GMT", 784_111_777),
            ("Tue, 29 Feb 2023 24:00:00 GMT", 1_677_715_200), ("Tue, 28 Feb 2023 23:59:60 GMT", 1_677_628_800),
        ] as [(String, Int64)]
    )
    func date(_ text: String, _ seconds: Int64) { #expect(WireTime.date(text) == seconds * 1_000) }

    @Test(
        "anything else is no Date field",
        arguments: [
            "", "784111777", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
            "Sun, 06 nov 1994 08:49:37 GMT", "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 32 Nov 1994 08:49:37 GMT",
            "Wed, 31 Dec 1969 23:59:59 GMT", "Sun, 06 Nov 1994 08:49:37", "Sun, 0x Nov 1994 08:49:37 GMT",
        ]
    )
    func noDate(_ text: String) { #expect(WireTime.date(text) == nil) }
}
