import HTTPSemantics
import Testing

@Suite struct AllowedHostsTests {
    @Test(
        "reads hosts, and refuses what could never match",
        arguments: [
            ("*", .any), ("replica.example", .only(["replica.example"])),
            ("A.example., b , [::2]", .only(["a.example", "b", "[::2]"])), ("10.0.0.7", .only(["10.0.0.7"])),
            ("a:8080", nil), ("http://a", nil), ("", nil), ("a,", nil), ("*,a", nil), ("a b", nil), ("[a]", nil),
            ("a\r\nb", nil),
        ] as [(String, AllowedHosts?)]
    )
    func hosts(text: String, expected: AllowedHosts?) { #expect(AllowedHosts(text) == expected) }
}
