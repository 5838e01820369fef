import Testing

@testable import Basics

@Suite struct IMFFixdateTests {
    @Test(
        "reads leniently",
        arguments: [
            ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777), ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Thu, 29 Feb 2024 12:34:56 GMT", 1_709_210_096), ("Mon, 23 Nov 2026 18:00:00 GMT", 1_795_456_800),
            // The name of the day and the separators around the date are not looked at; a day too many runs on into the
            // next month.
            ("Xxx, 06 Nov 1994 08:49:37 GMT", 784_111_777), ("Sun--06-Nov-1994T08:49:37 GMT", 784_111_777),
            ("Wed, 29 Feb 2023 00:00:00 GMT", 1_677_628_800), ("Tue, 28 Feb 2023 23:59:60 GMT", 1_677_628_800),
        ] as [(String, Int64)]
    )
    func lenient(_ text: String, _ seconds: Int64) { #expect(IMFFixdate.seconds(text, .lenient) == seconds) }

    @Test(
        "reads nothing else, even leniently",
        arguments: [
            "", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "Sun, 06 Nov 1994 08:49:37 UTC",
            "Sun, 06 Nov 1994 25:49:37 GMT", "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 0x Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08-49:37 GMT", "Sun, 06 Nov 1994 08:49:61 GMT", "Sun, 00 Nov 1994 08:49:37 GMT",
            "Sun, 32 Nov 1994 08:49:37 GMT", "Wed, 31 Dec 1969 23:59:59 GMT", "Sun, 06 Nov 1994 08:49:37 GMT ",
        ]
    )
    func garbage(_ text: String) {
        #expect(IMFFixdate.seconds(text, .lenient) == nil)
        if !text.contains("1969") { #expect(IMFFixdate.seconds(text) == nil) }
    }

    @Test(
        "writes the form, and reads it strictly",
        arguments: [
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"), (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"), (4_102_444_799, "Thu, 31 Dec 2099 23:59:59 GMT"),
            (1_709_210_096, "Thu, 29 Feb 2024 12:34:56 GMT"), (-1, "Wed, 31 Dec 1969 23:59:59 GMT"),
        ] as [(Int64, String)]
    )
    func strict(seconds: Int64, text: String) {
        #expect(IMFFixdate.text(seconds) == text)
        var bytes = Array("at ".utf8)
        IMFFixdate.append(seconds, to: &bytes)
        #expect(String(decoding: bytes, as: UTF8.self) == "at " + text)
        #expect(IMFFixdate.seconds(text) == seconds)
    }

    @Test(
        "holds a text strictly against the form",
        arguments: [
            "Xxx, 06 Nov 1994 08:49:37 GMT", "Sun--06-Nov-1994T08:49:37 GMT", "Wed, 29 Feb 2023 00:00:00 GMT",
            "Sun; 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994-08:49:37 GMT",
        ]
    )
    func refusesStrictly(text: String) {
        #expect(IMFFixdate.seconds(text) == nil)
        #expect(IMFFixdate.seconds(text, .lenient) != nil)
    }
}
