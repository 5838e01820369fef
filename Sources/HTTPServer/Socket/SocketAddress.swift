import CLinux
import Glibc

/// Reading socket addresses.
enum SocketAddress {
    /// The port that a socket is bound to.
    static func port(of descriptor: Int32) -> Int {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        _ = withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        // The port stands at the same place in both families' addresses.
        return withUnsafePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { Int(UInt16(bigEndian: $0.pointee.sin_port)) }
        }
    }

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

    /// The numeric host of an address; IPv4 clients of an IPv6 listener look like IPv4.
    static func host(_ storage: inout sockaddr_storage) -> String {
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
