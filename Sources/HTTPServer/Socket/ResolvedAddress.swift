import CLinux
import Glibc

/// Where a server will listen: the socket address that a host stood for when it was resolved. A name may stand for another one later.
package struct ResolvedAddress: Sendable {
    /// The host and the port as the operator gave them.
    let asked: ListenAddress
    private let storage: sockaddr_storage
    private let length: socklen_t

    /// Resolves an IPv4 or IPv6 address, or a name. `option` is what the operator named the address with, for the hint of an error.
    package init(host: String, port: Int, option: String = "--listen") throws(HTTPServerError) {
        self = try ListenAddress(host: host, port: port, option: option).resolve()
    }

    init(_ found: addrinfo, of asked: ListenAddress) {
        self.asked = asked
        var storage = sockaddr_storage()
        let length = min(found.ai_addrlen, socklen_t(MemoryLayout<sockaddr_storage>.size))
        withUnsafeMutableBytes(of: &storage) { bytes in
            bytes.copyMemory(from: UnsafeRawBufferPointer(start: found.ai_addr, count: Int(length)))
        }
        self.storage = storage
        self.length = length
    }

    /// AF_INET or AF_INET6.
    var family: Int32 { Int32(storage.ss_family) }

    /// Whether only this machine can reach it: 127.0.0.0/8, also as an IPv6 address, and ::1.
    package var isLoopback: Bool {
        withUnsafeBytes(of: storage) { bytes in
            switch family {
            case AF_INET:
                return bytes.loadUnaligned(as: sockaddr_in.self).sin_addr.s_addr.bigEndian >> 24 == 127
            case AF_INET6:
                let address = bytes.loadUnaligned(as: sockaddr_in6.self).sin6_addr
                return withUnsafeBytes(of: address) { bytes in
                    let zeros = bytes.prefix(10).allSatisfy { $0 == 0 }
                    if zeros, bytes[10] == 0xFF, bytes[11] == 0xFF { return bytes[12] == 127 }
                    return zeros && bytes[10..<15].allSatisfy { $0 == 0 } && bytes[15] == 1
                }
            default: return false
            }
        }
    }

    func withSocketAddress<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        withUnsafePointer(to: storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
        }
    }
}
