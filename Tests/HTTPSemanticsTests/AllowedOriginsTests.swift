import HTTPSemantics
import Testing

@Suite struct AllowedOriginsTests {
    @Test(
        "reads *, none and lists, and refuses what no browser sends",
        arguments: [
            ("*", .any), ("none", .only([])), ("https://app.example", .only(["https://app.example"])),
            ("https://a.example, http://localhost:3000", .only(["https://a.example", "http://localhost:3000"])),
            ("https://a.example/", nil), ("a.example", nil), ("https://", nil), ("https://A.example", nil), ("", nil),
            ("loopback", .loopback), ("loopback,https://a.example", .only(["https://a.example"], loopback: true)),
            ("https://a.example,", nil), ("https://a.example\r\nX: y", nil), ("*,https://a.example", nil),
        ] as [(String, AllowedOrigins?)]
    )
    func origins(text: String, expected: AllowedOrigins?) { #expect(AllowedOrigins(text) == expected) }
}
