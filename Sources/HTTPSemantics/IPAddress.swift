import Glibc

/// An IPv4 or IPv6 address, without port and zone. An IPv4 address in an IPv6 one (`::ffff:10.0.0.1`) is the IPv4 address.
package struct IPAddress: Sendable, Hashable, CustomStringConvertible {
    /// The 128 bits of the IPv6 address; an IPv4 address as an IPv6 one has it.
    let high: UInt64
    let low: UInt64

    init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// The 32 bits of an IPv4 address.
    package init(ipv4 bits: UInt32) { self.init(high: 0, low: 0xFFFF_0000_0000 | UInt64(bits)) }

    /// The 4 or 16 bytes of an address, the first one first; nil for another number.
    package init?(bytes: some Collection<UInt8>) {
        switch bytes.count {
        case 4: self.init(ipv4: bytes.reduce(0) { $0 << 8 | UInt32($1) })
        case 16:
            self.init(
                high: bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) },
                low: bytes.dropFirst(8).reduce(0) { $0 << 8 | UInt64($1) }
            )
        default: return nil
        }
    }

    /// Reads `10.0.0.1` or `2001:db8::1`; nil for anything else, brackets included.
    package init?(_ text: some StringProtocol) {
        // `inet_pton` ends at a NUL; the longest address has 45 characters.
        guard (2...45).contains(text.utf8.count), !text.utf8.contains(0) else { return nil }
        var ipv4 = in_addr()
        if inet_pton(AF_INET, String(text), &ipv4) == 1 {
            self.init(ipv4: UInt32(bigEndian: ipv4.s_addr))
            return
        }
        var ipv6 = in6_addr()
        guard inet_pton(AF_INET6, String(text), &ipv6) == 1 else { return nil }
        self = withUnsafeBytes(of: ipv6) { bytes in
            IPAddress(
                high: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
                low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            )
        }
    }

    /// Whether it is an IPv4 address.
    package var isIPv4: Bool { high == 0 && low >> 32 == 0xFFFF }

    /// The same for all addresses of one client: an IPv4 address, or the first half of an IPv6 address, since a client's own network is a
    /// /64 (RFC 6177).
    package var clientKey: UInt64 { isIPv4 ? low & 0xFFFF_FFFF : high }

    /// As the system writes it.
    package var description: String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { buffer in
            let found: UnsafePointer<CChar>?
            if isIPv4 {
                var address = in_addr(s_addr: UInt32(truncatingIfNeeded: low).bigEndian)
                found = inet_ntop(AF_INET, &address, buffer.baseAddress, 64)
            } else {
                var address = in6_addr()
                withUnsafeMutableBytes(of: &address) { bytes in
                    bytes.storeBytes(of: high.bigEndian, as: UInt64.self)
                    bytes.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
                }
                found = inet_ntop(AF_INET6, &address, buffer.baseAddress, 64)
            }
            return found.map { String(cString: $0) } ?? "unknown"
        }
    }
}
