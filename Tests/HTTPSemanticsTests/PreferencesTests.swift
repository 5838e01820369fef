import Testing

@testable import HTTPSemantics

@Suite struct PreferencesTests {
    @Test(
        "reads wait, the first of several, and ignores what it cannot read (RFC 7240)",
        arguments: [
            (nil, nil), ("wait=20", 20), ("Wait = 5", 5), ("respond-async, wait=3;x=y", 3), ("wait=\"7\"", 7),
            ("wait=1, wait=2", 1),
            ("wait", nil), ("wait=", nil), ("wait=-1", nil), ("wait=1.5", nil), ("waiting=9", nil), ("", nil),
            ("wait=99999999999999", nil), ("return=minimal", nil),
        ] as [(String?, Int?)]
    )
    func wait(field: String?, seconds: Int?) { #expect(Preferences(field).wait == seconds) }
}
