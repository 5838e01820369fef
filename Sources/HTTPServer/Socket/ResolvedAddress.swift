import CLinux
import Glibc

/// The socket address that a host stood for when it was resolved. A name may stand for another one later.
package struct ResolvedAddress: Sendable {
    let asked: ListenAddress
    private let storage: sockaddr_storage
    private let length: socklen_t

    /// Resolves an IPv4 or IPv6 address, or a name: of a name the first address.
    package init(_ asked: ListenAddress) throws(HTTPServerError) {
        guard (0...65_535).contains(asked.port) else { throw .cannotListen(asked, .invalidPort) }
        var hints = addrinfo()
        hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        // "localhost" is the IPv4 loopback, where clients look first, whatever the resolver's order.
        let name = asked.host == "localhost" ? "127.0.0.1" : asked.host
        let status = getaddrinfo(name, String(asked.port), &hints, &list)
        guard status == 0, let found = list?.pointee else {
            throw .cannotListen(asked, .unresolved(String(cString: gai_strerror(status))))
        }
        defer { freeaddrinfo(list) }
        self.asked = asked
        var storage = sockaddr_storage()
        let length = min(found.ai_addrlen, socklen_t(MemoryLayout<sockaddr_storage>.size))
        withUnsafeMutableBytes(of: &storage) { bytes in
            bytes.copyMemory(from: UnsafeRawBufferPointer(start: found.ai_addr, count: Int(length)))
        }
        self.storage = storage
        self.length = length
    }

    /// The same for a host and a port.
    package init(host: String, port: Int) throws(HTTPServerError) {
        self = try ResolvedAddress(ListenAddress(host: host, port: port))
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
