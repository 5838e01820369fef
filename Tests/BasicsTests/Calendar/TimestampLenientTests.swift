import Testing

@testable import Basics

@Suite struct TimestampLenientTests {
    @Test(
        "reads the forms that services write",
        arguments: [
            "2026-11-30T00:00:00Z", "2026-11-30T00:00:00.000Z", "2026-11-30t00:00:00z", "2026-11-30 00:00:00Z",
            "2026-11-30T00:00:00UTC", "2026-11-30T00:00:00", "2026-11-30T00:00:00+00:00", "2026-11-30T01:00:00+01:00",
            "2026-11-30T05:30:00+0530", "2026-11-29T16:00:00-08", "2026-11-29T23:59:60Z",
        ]
    )
    func forms(text: String) { #expect(Timestamp.lenientMilliseconds(text) == 1_795_996_800_000) }

    @Test(
        "cuts a fraction to milliseconds",
        arguments: [
            ("1970-01-01T00:00:00.5Z", 500), ("1970-01-01T00:00:00.12Z", 120), ("1970-01-01T00:00:00,007+00:00", 7),
            ("1970-01-01T00:00:00.9999999999999999999999Z", 999), ("1970-01-01T01:00:01.000999+01:00", 1_000),
        ] as [(String, Int64)]
    )
    func fraction(text: String, milliseconds: Int64) {
        #expect(Timestamp.lenientMilliseconds(text) == milliseconds)
    }

    @Test(
        "agrees with the strict form",
        arguments: [0, 951_782_400_000, 1_709_210_096_007, 253_402_300_799_999] as [Int64]
    )
    func strict(milliseconds: Int64) {
        #expect(Timestamp.lenientMilliseconds(Timestamp.text(milliseconds)) == milliseconds)
    }

    @Test(
        "reads nothing else",
        arguments: [
            "", "1795996800", "2026-11-30", "2026-11-30T00:00Z", "2026-11-30T00:00:00.Z", "2026-11-30T00:00:00.xZ",
            "2026-11-30T00:00:00 Z", "2026-11-30T00:00:00CET", "2026-11-30T00:00:00+1", "2026-11-30T00:00:00+01:0",
            "2026-11-30T00:00:00+24:00", "2026-11-30T00:00:00+01:60", "2026-11-30T00:00:00+", "2026-13-30T00:00:00Z",
            "2026-02-29T00:00:00Z", "2026-11-31T00:00:00Z", "2026-11-30T24:00:00Z", "2026-11-30T00:60:00Z",
            "1969-12-31T23:59:59Z", "2026/11/30T00:00:00Z", "2026-11-30_00:00:00Z", "Mon, 30 Nov 2026 00:00:00 GMT",
            "2026-11-30T00:00:00ZZ", "0x26-11-30T00:00:00Z", "2026-11-30T00:00:00.5é",
        ]
    )
    func nothing(text: String) { #expect(Timestamp.lenientMilliseconds(text) == nil) }
}
