import CLinux
import Glibc
import HTTPSemantics

/// The address of a socket: IPv4, IPv6 or the path of a Unix socket.
struct SocketAddress: Sendable {
    /// The length of a path that fits an address, the zero behind it left out (unix(7)).
    static let maximumPathBytes = 107

    private var storage = sockaddr_storage()
    private var length = socklen_t(MemoryLayout<sockaddr_storage>.size)

    /// Copies an address.
    init(copying address: UnsafePointer<sockaddr>, length: socklen_t) {
        self.length = min(length, self.length)
        let count = Int(self.length)
        withUnsafeMutableBytes(of: &storage) {
            $0.copyMemory(from: UnsafeRawBufferPointer(start: address, count: count))
        }
    }

    /// The address that a socket is bound to; nil for a descriptor that is no socket.
    init?(of descriptor: Int32) {
        guard
            withUnsafeMutablePointer(
                to: &storage,
                {
                    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
                }
            ) == 0
        else { return nil }
    }

    /// The address of a Unix socket; nil for a path that is too long.
    init?(path: String) {
        guard path.utf8.count <= Self.maximumPathBytes else { return nil }
        let offset = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? MemoryLayout<sa_family_t>.size
        storage.ss_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &storage) { bytes in
            for (index, byte) in path.utf8.enumerated() { bytes[offset + index] = byte }
        }
        length = socklen_t(offset + path.utf8.count + 1)
    }

    /// Every address of a family (AF_INET or AF_INET6), or its loopback address.
    init(_ family: Int32, isLoopback: Bool, port: Int) {
        storage.ss_family = sa_family_t(family)
        withUnsafeMutableBytes(of: &storage) { bytes in
            if family == AF_INET6 {
                var address = sockaddr_in6()
                address.sin6_family = sa_family_t(AF_INET6)
                address.sin6_addr = isLoopback ? in6addr_loopback : in6addr_any
                bytes.storeBytes(of: address, as: sockaddr_in6.self)
            } else {
                var address = sockaddr_in()
                address.sin_family = sa_family_t(AF_INET)
                address.sin_addr.s_addr = (isLoopback ? INADDR_LOOPBACK : INADDR_ANY).bigEndian
                bytes.storeBytes(of: address, as: sockaddr_in.self)
            }
        }
        length = socklen_t(
            family == AF_INET6 ? MemoryLayout<sockaddr_in6>.size : MemoryLayout<sockaddr_in>.size
        )
        self.port = port
    }

    /// AF_INET, AF_INET6, AF_UNIX or another one.
    var family: Int32 { Int32(storage.ss_family) }

    var isIP: Bool { family == AF_INET || family == AF_INET6 }

    /// The port of an IP address; 0 for others.
    var port: Int {
        // It stands at the same place in both families' addresses.
        get {
            guard isIP else { return 0 }
            return withUnsafeBytes(of: storage) {
                Int(UInt16(bigEndian: $0.loadUnaligned(as: sockaddr_in.self).sin_port))
            }
        }
        set {
            guard isIP, let offset = MemoryLayout<sockaddr_in>.offset(of: \.sin_port) else { return }
            withUnsafeMutableBytes(of: &storage) {
                $0.storeBytes(of: UInt16(truncatingIfNeeded: newValue).bigEndian, toByteOffset: offset, as: UInt16.self)
            }
        }
    }

    /// The path of a Unix socket, `@name` for one of the abstract namespace; nil for IP addresses and for a socket without a name.
    var path: String? {
        guard family == AF_UNIX else { return nil }
        let offset = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? MemoryLayout<sa_family_t>.size
        let end = min(Int(length), MemoryLayout<sockaddr_un>.size)
        guard end > offset else { return nil }
        return withUnsafeBytes(of: storage) { bytes in
            let name = bytes[offset..<end]
            if name.first == 0 { return name.count > 1 ? "@" + String(decoding: name.dropFirst(), as: UTF8.self) : nil }
            return String(decoding: name.prefix { $0 != 0 }, as: UTF8.self)
        }
    }

    /// The numeric host; IPv4 addresses in IPv6 form look like IPv4. `unix:` for Unix sockets, whose clients have no address.
    var host: String { Self.peer(storage).description }

    /// The address as that of a peer.
    var peerAddress: PeerAddress { Self.peer(storage) }

    /// The peer whose address the kernel told.
    static func peer(_ storage: sockaddr_storage) -> PeerAddress {
        withUnsafeBytes(of: storage) { bytes in
            switch Int32(storage.ss_family) {
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

    /// Whether it stands for all addresses of its family.
    var isWildcard: Bool {
        switch family {
        case AF_INET: ipv4 == 0
        case AF_INET6: ipv6.allSatisfy { $0 == 0 }
        default: false
        }
    }

    /// Whether only this machine can reach it: 127.0.0.0/8, also as an IPv6 address, ::1, and Unix sockets.
    var isLocal: Bool {
        switch family {
        case AF_INET: return ipv4 >> 24 == 127
        case AF_INET6:
            let bytes = ipv6
            let zeros = bytes.prefix(10).allSatisfy { $0 == 0 }
            if zeros, bytes[10] == 0xFF, bytes[11] == 0xFF { return bytes[12] == 127 }
            return zeros && bytes[10..<15].allSatisfy { $0 == 0 } && bytes[15] == 1
        default: return family == AF_UNIX
        }
    }

    private var ipv4: UInt32 {
        withUnsafeBytes(of: storage) { $0.loadUnaligned(as: sockaddr_in.self).sin_addr.s_addr.bigEndian }
    }

    private var ipv6: [UInt8] {
        withUnsafeBytes(of: storage) { bytes in
            let address = bytes.loadUnaligned(as: sockaddr_in6.self).sin6_addr
            return withUnsafeBytes(of: address) { Array($0) }
        }
    }

    func withSocketAddress<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        withUnsafePointer(to: storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
        }
    }
}
