import CLinux
import Glibc
import HTTPSemantics

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

    /// The peer whose address the kernel told.
    static func peer(_ storage: inout sockaddr_storage) -> PeerAddress {
        let family = Int32(storage.ss_family)
        return withUnsafeBytes(of: storage) { bytes in
            switch family {
            case AF_INET:
                let address = bytes.loadUnaligned(as: sockaddr_in.self).sin_addr
                return .ip(IPAddress(ipv4: UInt32(bigEndian: address.s_addr)))
            case AF_INET6:
                let address = bytes.loadUnaligned(as: sockaddr_in6.self).sin6_addr
                return withUnsafeBytes(of: address) { IPAddress(bytes: $0).map { .ip($0) } ?? .unix }
            default: return .unix
            }
        }
    }
}
