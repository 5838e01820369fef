import HTTPSemantics
import Testing

@Suite struct NetworksTests {
    @Test(
        "an address is read and written as the system does it; anything else is none",
        arguments: [
            ("10.0.0.1", "10.0.0.1"), ("::ffff:10.0.0.1", "10.0.0.1"), ("::FFFF:A00:1", "10.0.0.1"),
            ("0.0.0.0", "0.0.0.0"),
            ("2001:DB8:0:0::1", "2001:db8::1"), ("::", "::"), ("::1", "::1"), ("fe80::1", "fe80::1"),
            ("", nil), ("10.0.0", nil), ("10.0.0.256", nil), ("10.0.0.01", nil), ("10.0.0.1 ", nil), ("[::1]", nil),
            ("1:2", nil),
            ("fe80::1%eth0", nil), ("a", nil), ("10.0.0.1\0", nil), ("2130706433", nil), ("::ffff:10.0.0.1.2", nil),
        ] as [(String, String?)]
    )
    func addresses(_ text: String, _ written: String?) { #expect(IPAddress(text)?.description == written) }

    @Test("an address is made of its bytes")
    func bytes() {
        #expect(IPAddress(bytes: [10, 0, 0, 1])?.description == "10.0.0.1")
        #expect(
            IPAddress(bytes: [0x20, 1, 0xD, 0xB8] + Array(repeating: 0, count: 11) + [1])?.description == "2001:db8::1"
        )
        #expect(IPAddress(bytes: [UInt8](repeating: 0, count: 10) + [255, 255, 10, 0, 0, 1])?.isIPv4 == true)
        for count in [0, 3, 5, 15, 17] { #expect(IPAddress(bytes: [UInt8](repeating: 1, count: count)) == nil) }
    }

    @Test("a client is all of an IPv4 address and half of an IPv6 one")
    func keys() throws {
        func key(_ text: String) throws -> UInt64 { try #require(IPAddress(text)).clientKey }
        #expect(try key("127.0.0.1") == 0x7F00_0001)
        #expect(try key("::ffff:10.0.0.1") == key("10.0.0.1"))
        #expect(try key("10.0.0.1") != key("10.0.0.2"))
        #expect(try key("2001:db8::1") == key("2001:db8::ffff:2"))
        #expect(try key("2001:db8:0:1::1") != key("2001:db8:0:2::1"))
    }

    @Test(
        "a list is read and written again; wrong masks, bits behind the mask and names are refused",
        arguments: [
            ("10.0.0.1", "10.0.0.1"), ("10.0.0.0/24", "10.0.0.0/24"), ("10.0.0.1/32", "10.0.0.1"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("2001:db8::/32 , ::1", "2001:db8::/32,::1"), ("::/0", "::/0"), ("::1/128", "::1"), ("unix", "unix"),
            ("unix,10.0.0.1", "10.0.0.1,unix"), ("::ffff:10.0.0.0/104", "10.0.0.0/8"), ("::ffff:10.0.0.1", "10.0.0.1"),
            ("", nil), ("10.0.0.1,", nil), (",", nil), ("10.0.0.0/33", nil), ("10.0.0.0/", nil), ("10.0.0.0/-1", nil),
            ("10.0.0.0/+8", nil), ("10.0.0.0/8/8", nil), ("10.0.0.1/24", nil), ("2001:db8::/129", nil),
            ("2001:db8::1/32", nil),
            ("::ffff:10.0.0.0/8", nil), ("localhost", nil), ("Unix", nil), ("unix:", nil), ("*", nil),
            ("10.0.0.0/255.0.0.0", nil),
            ("[::1]", nil), ("10.0.0.1:80", nil), ("/8", nil),
        ] as [(String, String?)]
    )
    func lists(_ text: String, _ written: String?) {
        #expect(Networks(text)?.description == written)
        if let written { #expect(Networks(written) == Networks(text)) }
    }

    @Test(
        "a network has the addresses of its prefix, and IPv4 is no part of IPv6",
        arguments: [
            ("10.0.0.0/8", "10.255.255.255", true), ("10.0.0.0/8", "11.0.0.0", false),
            ("10.0.0.0/8", "::ffff:10.1.2.3", true),
            ("10.0.0.0/31", "10.0.0.1", true), ("10.0.0.0/31", "10.0.0.2", false), ("10.0.0.1", "10.0.0.1", true),
            ("0.0.0.0/0", "255.1.2.3", true), ("0.0.0.0/0", "::1", false), ("::/0", "::1", true),
            ("::/0", "10.0.0.1", false),
            ("2001:db8::/32", "2001:db8:ffff::1", true), ("2001:db8::/32", "2001:db9::", false),
            ("2001:db8::/65", "2001:db8::7fff:0:0:0", true), ("2001:db8::/65", "2001:db8::8000:0:0:0", false),
            ("2001:db8::/64", "2001:db8::8000:0:0:0", true), ("::1", "::1", true), ("::1", "::2", false),
            ("::ffff:0:0/96", "10.0.0.1", true), ("unix", "10.0.0.1", false),
        ]
    )
    func members(_ network: String, _ address: String, _ isMember: Bool) throws {
        let networks = try #require(Networks(network))
        #expect(try networks.contains(#require(IPAddress(address))) == isMember)
        #expect(try networks.contains(.ip(#require(IPAddress(address)))) == isMember)
    }

    @Test("peers of Unix sockets are members by their word alone")
    func unix() throws {
        #expect(try #require(Networks("10.0.0.0/8,unix")).contains(.unix))
        #expect(try !#require(Networks("0.0.0.0/0,::/0")).contains(.unix))
        #expect(Networks().isEmpty)
        #expect(!Networks().contains(.unix))
        #expect(PeerAddress.unix.description == "unix:")
    }
}
