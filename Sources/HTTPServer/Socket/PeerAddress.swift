import CLinux
import Glibc

/// Addresses of clients, as accept(2) gives them.
extension SocketAddress {
    /// The address of every client of a Unix socket, in logs.
    static let unixPeer = "unix:"
    /// The first byte of multicast addresses, which no client of TCP has: keys of connections over Unix sockets begin with it.
    private static let unixKey: UInt64 = 0xFF << 56

    /// The key of a connection over a Unix socket. Each counts as a client of its own: what connects there is one proxy for many
    /// clients, and a limit for one address would throttle all of them.
    static func key(ofUnixConnection number: UInt64) -> UInt64 { unixKey | number & (unixKey - 1) }

    /// The key that the addresses of one client share: all of an IPv4 address, the first half of an IPv6 address, since a
    /// client's own network is a /64 (RFC 6177).
    static func key(_ storage: inout sockaddr_storage) -> UInt64 {
        withUnsafePointer(to: &storage) { pointer in
            if pointer.pointee.ss_family != sa_family_t(AF_INET6) {
                return pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                    UInt64(UInt32(bigEndian: $0.pointee.sin_addr.s_addr))
                }
            }
            return pointer.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { address in
                withUnsafeBytes(of: address.pointee.sin6_addr) { bytes in
                    let front = UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self))
                    let back = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
                    // ::ffff:a.b.c.d is the IPv4 client a.b.c.d.
                    return front == 0 && back >> 32 == 0xFFFF ? back & 0xFFFF_FFFF : front
                }
            }
        }
    }

    /// The numeric host of an address, `unix:` for a Unix socket's; IPv4 clients of an IPv6 listener look like IPv4.
    static func host(_ storage: inout sockaddr_storage) -> String {
        if storage.ss_family == sa_family_t(AF_UNIX) { return unixPeer }
        let isIPv6 = storage.ss_family == sa_family_t(AF_INET6)
        let text = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { buffer -> String in
            let found = withUnsafePointer(to: &storage) { pointer -> UnsafePointer<CChar>? in
                if isIPv6 {
                    return pointer.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { address in
                        var host = address.pointee.sin6_addr
                        return inet_ntop(AF_INET6, &host, buffer.baseAddress, 64)
                    }
                }
                return pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { address in
                    var host = address.pointee.sin_addr
                    return inet_ntop(AF_INET, &host, buffer.baseAddress, 64)
                }
            }
            return found.map { String(cString: $0) } ?? "unknown"
        }
        return text.hasPrefix("::ffff:") && text.contains(".") ? String(text.dropFirst(7)) : text
    }
}
