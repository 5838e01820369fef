import Testing

@testable import FeedClient

@Suite struct WireTimeTests {
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
