import Basics
import HTTPSemantics
import Testing

@testable import HTTPServer

@Suite struct ProxyHeaderTests {
    private static func read(_ bytes: [UInt8], limit: Int = 4_096) -> ProxyHeader.Outcome {
        bytes.withUnsafeBufferPointer { ProxyHeader.read($0, limit: limit) }
    }

    /// The header's client and length, "more", or "malformed".
    private static func told(_ bytes: [UInt8]) -> String {
        switch read(bytes) {
        case .incomplete: "more"
        case .malformed: "malformed"
        case .complete(let header): "\(header.client?.description ?? "none") \(header.length)"
        }
    }

    @Test(
        "version 1 names the client of TCP4 and TCP6, and none for UNKNOWN",
        arguments: [
            ("PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\r\n", "192.0.2.1"),
            ("PROXY TCP4 255.255.255.255 0.0.0.0 65535 0\r\n", "255.255.255.255"),
            ("PROXY TCP6 2001:db8::1 ::1 1 2\r\n", "2001:db8::1"),
            ("PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n", "192.0.2.1"),
            ("PROXY UNKNOWN\r\n", "none"), ("PROXY UNKNOWN ffff:f...f:ffff 65535\r\n", "none"),
            (
                "PROXY TCP6 \(String(repeating: "ffff:", count: 7))ffff \(String(repeating: "ffff:", count: 7))ffff 65535 65535\r\n",
                "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"
            ),
        ]
    )
    func version1(_ line: String, _ client: String) {
        #expect(Self.told(Array(line.utf8)) == "\(client) \(line.utf8.count)")
        #expect(Self.told(Array("\(line)GET / HTTP/1.1\r\n".utf8)) == "\(client) \(line.utf8.count)")
        Self.expectSameAtEveryCut(Array(line.utf8))
    }

    @Test(
        "version 1 is refused where it is not written as the protocol says",
        arguments: [
            "PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\n", "PROXY TCP4 192.0.2.1 198.51.100.7 56324\r\n",
            "PROXY \r\n", "PROXY  UNKNOWN\r\n",
            "PROXY TCP4  192.0.2.1 198.51.100.7 1 2\r\n", "PROXY TCP4 192.0.2.1 198.51.100.7 1 2 \r\n",
            "PROXY TCP4 ::1 ::1 1 2\r\n",
            "PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n", "PROXY TCP4 192.0.2.1 198.51.100.7 65536 1\r\n",
            "PROXY TCP4 192.0.2.1 198.51.100.7 01 1\r\n",
            "PROXY TCP4 192.0.2.1 198.51.100.7 -1 1\r\n", "PROXY TCP4 192.0.2.1 198.51.100.7  1\r\n",
            "PROXY TCP4 192.0.2.256 198.51.100.7 1 2\r\n",
            "PROXY TCP4 a b 1 2\r\n", "PROXY tcp4 192.0.2.1 198.51.100.7 1 2\r\n",
            "PROXY UDP4 192.0.2.1 198.51.100.7 1 2\r\n",
            "PROXY TCP4 192.0.2.1 198.51.100.7 1 2", "PROXY\tTCP4 192.0.2.1 198.51.100.7 1 2\r\n",
            "proxy TCP4 192.0.2.1 198.51.100.7 1 2\r\n",
            "GET / HTTP/1.1\r\n", "\r\n\r\nGET", "\u{16}\u{3}\u{1}",
            "PROXY UNKNOWN \(String(repeating: "x", count: 100))\r\n",
        ]
    )
    func malformed1(_ line: String) {
        let bytes = Array(line.utf8)
        let outcome = Self.told(bytes + Array(repeating: 120, count: 200))
        #expect(outcome == "malformed")
        Self.expectSameAtEveryCut(bytes + Array(repeating: 120, count: 200))
    }

    @Test("version 1 ends within its 107 bytes, or is refused without waiting for more")
    func bounded1() {
        let longest = Array("PROXY UNKNOWN ".utf8) + Array(repeating: 120, count: 107 - 16) + [13, 10]
        #expect(Self.told(longest) == "none 107")
        #expect(Self.told(Array(longest.prefix(106))) == "more")
        #expect(Self.told(Array(repeating: 120, count: 0)) == "more")
        #expect(Self.told(Array(longest.prefix(105)) + [120, 120]) == "malformed")
    }

    /// A header of version 2.
    private static func header(
        _ command: UInt8,
        _ family: UInt8,
        _ rest: [UInt8],
        length: Int? = nil
    ) -> [UInt8] {
        let count = length ?? rest.count
        return ProxyHeader.signature + [command, family, UInt8(count >> 8), UInt8(count & 0xFF)] + rest
    }

    private static let ipv4: [UInt8] = [192, 0, 2, 1, 198, 51, 100, 7, 0, 80, 1, 187]
    private static let ipv6: [UInt8] =
        [0x20, 1, 0xD, 0xB8] + Array(repeating: 0, count: 11) + [1] + Array(repeating: 0, count: 15) + [
            1, 0, 80, 1, 187,
        ]

    private static let sound: [(String, [UInt8], String)] = [
        ("TCP over IPv4", header(0x21, 0x11, ipv4), "192.0.2.1"),
        ("UDP over IPv4", header(0x21, 0x12, ipv4), "192.0.2.1"),
        ("TCP over IPv6", header(0x21, 0x21, ipv6), "2001:db8::1"),
        ("Unix", header(0x21, 0x31, Array(repeating: 47, count: 216)), "none"),
        ("unspecified", header(0x21, 0x00, []), "none"),
        ("unspecified with bytes of any form", header(0x21, 0x00, [1, 2, 3]), "none"),
        ("local", header(0x20, 0x00, []), "none"),
        ("local with addresses", header(0x20, 0x11, ipv4), "none"),
        ("local with half an address", header(0x20, 0x11, [1, 2]), "none"),
        ("a value of no length", header(0x21, 0x11, ipv4 + [4, 0, 0]), "192.0.2.1"),
        (
            "an endpoint's id and padding",
            header(0x21, 0x11, ipv4 + [0xEA, 0, 5, 1, 118, 112, 99, 101] + [4, 0, 2, 0, 0]), "192.0.2.1"
        ),
        ("the longest", header(0x21, 0x11, ipv4 + [4, 0x0F, 0xE1] + Array(repeating: 0, count: 0xFE1)), "192.0.2.1"),
    ]

    @Test(
        "version 2 names the client of IPv4 and IPv6, skips values, and names none for LOCAL, UNSPEC and AF_UNIX",
        arguments: sound
    )
    func version2(_ name: String, _ bytes: [UInt8], _ client: String) {
        #expect(Self.told(bytes) == "\(client) \(bytes.count)", "\(name)")
        #expect(Self.told(bytes + Array("GET / HTTP/1.1\r\n".utf8)) == "\(client) \(bytes.count)", "\(name)")
        Self.expectSameAtEveryCut(bytes)
    }

    private static let unsound: [(String, [UInt8])] = [
        ("version 1", header(0x11, 0x11, ipv4)), ("version 3", header(0x31, 0x11, ipv4)),
        ("an unknown command", header(0x22, 0x11, ipv4)),
        ("an unknown family", header(0x21, 0x41, ipv4)), ("an unknown transport", header(0x21, 0x13, ipv4)),
        ("an address that is cut", header(0x21, 0x11, Array(ipv4.dropLast()))), ("no address", header(0x21, 0x21, [])),
        ("an IPv4 address for IPv6", header(0x21, 0x21, ipv4)),
        ("a Unix address that is cut", header(0x21, 0x31, Array(repeating: 0, count: 215))),
        ("a value's type alone", header(0x21, 0x11, ipv4 + [4])),
        ("half a value's length", header(0x21, 0x11, ipv4 + [4, 0])),
        ("a value beyond the header", header(0x21, 0x11, ipv4 + [4, 0, 2, 0])),
        ("a checksum of no length", header(0x21, 0x11, ipv4 + [3, 0, 0])),
        ("a checksum of another length", header(0x21, 0x11, ipv4 + [3, 0, 5, 0, 0, 0, 0, 0])),
        ("a wrong checksum", header(0x21, 0x11, ipv4 + [3, 0, 4, 0, 0, 0, 0])),
        ("more than may be", header(0x21, 0x11, ipv4 + [4, 0x0F, 0xE2] + Array(repeating: 0, count: 0xFE2))),
        ("the most that can be said", header(0x21, 0x11, ipv4, length: 0xFFFF)),
    ]

    @Test("version 2 is refused where it is not as the protocol says", arguments: unsound)
    func malformed2(_ name: String, _ bytes: [UInt8]) {
        #expect(Self.told(bytes) == "malformed", "\(name)")
        Self.expectSameAtEveryCut(bytes)
    }

    @Test("a checksum is that of the header with zeros in its place")
    func checksum() {
        var sum = CRC32C()
        for byte in "123456789".utf8 { sum.add(byte) }
        // The check value of CRC-32C.
        #expect(sum.value == 0xE306_9283)
        var bytes = Self.header(0x21, 0x11, Self.ipv4 + [3, 0, 4, 0, 0, 0, 0] + [0xEA, 0, 1, 9])
        var whole = CRC32C()
        for byte in bytes { whole.add(byte) }
        for index in 0..<4 { bytes[31 + index] = UInt8(whole.value >> UInt32(24 - 8 * index) & 0xFF) }
        #expect(Self.told(bytes) == "192.0.2.1 \(bytes.count)")
        // A bit that is wrong anywhere is noticed, the length and the family aside, which are judged before.
        for place in 16..<bytes.count where !(28...30).contains(place) && !(35...37).contains(place) {
            var other = bytes
            other[place] ^= 0x10
            #expect(Self.told(other) == "malformed", "\(place)")
        }
    }

    @Test("every length of every family and command is read or refused, never read beyond its end")
    func everyLength() {
        for command in [UInt8(0x20), 0x21] {
            for family in [UInt8(0x00), 0x11, 0x12, 0x21, 0x22, 0x31, 0x32] {
                for length in 0...260 {
                    let bytes = Self.header(command, family, Array(repeating: 0, count: length))
                    switch Self.read(bytes) {
                    case .incomplete: Issue.record("\(command) \(family) \(length) waits for more")
                    case .complete(let header): #expect(header.length == bytes.count)
                    case .malformed: #expect(command == 0x21)
                    }
                    if case .complete = Self.read(Array(bytes.dropLast())) {
                        Issue.record("complete without its last byte")
                    }
                }
            }
        }
    }

    @Test("bytes at random are read without a crash, and mean the same however they are cut")
    func anything() {
        var generator = SplitMix64(seed: 20_261_130)
        for _ in 0..<3_000 {
            var bytes = Self.header(0x21, 0x11, Self.ipv4 + [3, 0, 4, 0, 0, 0, 0])
            for _ in 0..<Int.random(in: 0...3, using: &generator) {
                bytes[Int.random(in: 10..<bytes.count, using: &generator)] = UInt8.random(
                    in: 0...255,
                    using: &generator
                )
            }
            Self.expectSameAtEveryCut(bytes)
        }
    }

    /// Whether the outcome of `bytes` is that of their shortest beginning that has one.
    private static func expectSameAtEveryCut(_ bytes: [UInt8]) {
        let whole = read(bytes)
        var isOver = false
        for count in 0..<min(bytes.count, 300) {
            let part = read(Array(bytes.prefix(count)))
            if part == .incomplete {
                #expect(!isOver, "an outcome is taken back at \(count) of \(bytes)")
            } else {
                isOver = true
                #expect(part == whole, "another outcome at \(count) of \(bytes)")
            }
        }
    }
}
