import Basics
import HTTPSemantics
import Testing

@Suite struct DateFieldTests {
    /// 2026-11-23T18:00:00Z.
    private let now: Int64 = 1_795_456_800

    @Test(
        "reads IMF-fixdates",
        arguments: [
            (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"), (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
            (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"), (4_102_444_799, "Thu, 31 Dec 2099 23:59:59 GMT"),
            (-1, "Wed, 31 Dec 1969 23:59:59 GMT"),
        ] as [(Int64, String)]
    )
    func imfFixdates(seconds: Int64, text: String) {
        #expect(DateField.seconds(text, now: now) == seconds)
    }

    @Test("reads the three forms of RFC 9110 section 5.6.7")
    func threeForms() {
        for text in ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"] {
            #expect(DateField.seconds(text, now: now) == 784_111_777, "\(text)")
        }
        #expect(DateField.seconds("Wed Nov 16 08:49:37 1994", now: now) == 784_975_777)
    }

    @Test("a two-digit year lies at most fifty years ahead")
    func shortYears() {
        #expect(DateField.seconds("Wednesday, 01-Jan-76 00:00:00 GMT", now: now) == 3_345_062_400)
        #expect(DateField.seconds("Saturday, 01-Jan-77 00:00:00 GMT", now: now) == 220_924_800)
    }

    @Test("reads every day that it writes, for four hundred years")
    func everyDay() {
        for day in stride(from: Int64(-25_567), to: 146_097, by: 1) {
            let seconds = day * 86_400 + 3_661
            #expect(DateField.seconds(IMFFixdate.text(seconds), now: now) == seconds)
        }
    }

    @Test(
        "takes nothing else",
        arguments: [
            "", "now", "784111777", "1994-11-06T08:49:37Z", "Sun, 06 Nov 1994 08:49:37",
            "Sun, 06 Nov 1994 08:49:37 UTC",
            "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:00:00 GMT",
            "Sun, 06 nov 1994 08:49:37 GMT", "Xxx, 06 Nov 1994 08:49:37 GMT", "Sun,  06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-1994 08:49:37 GMT", "Sun Nov 6 08:49:37 1994", "Sun, 00 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49 GMT", "Sun, +6 Nov 1994 08:49:37 GMT",
        ]
    )
    func refuses(text: String) { #expect(DateField.seconds(text, now: now) == nil) }
}
