import Basics
import CLinux
import Glibc

/// Where to listen: a host and port made into a socket address, and the texts for what can go wrong.
struct ListenAddress {
    let host: String
    let port: Int
    /// The option that an operator names the address with: what hints tell him to use.
    var option = "--listen"

    /// `host:port`, with brackets around an IPv6 address.
    var text: String { bare.contains(":") ? "[\(bare)]:\(port)" : "\(bare):\(port)" }

    private var bare: String {
        host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
    }

    /// The socket address that stands for the host: of a name the first one.
    func resolve() throws(HTTPServerError) -> ResolvedAddress {
        guard (0...65_535).contains(port) else { throw failure("a port is a number from 0 to 65535", nil) }
        var hints = addrinfo()
        hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        // "localhost" is the IPv4 loopback, where clients look first, whatever the resolver's order.
        let name = bare == "localhost" ? "127.0.0.1" : bare
        let status = getaddrinfo(name, String(port), &hints, &list)
        guard status == 0, let first = list else {
            throw failure(String(cString: gai_strerror(status)), "Give an address of this machine with \(option).")
        }
        defer { freeaddrinfo(list) }
        return ResolvedAddress(first.pointee, of: self)
    }

    /// A bound, listening, non-blocking socket.
    func listen(at resolved: ResolvedAddress, _ limits: HTTPServerLimits) throws(HTTPServerError) -> Int32 {
        do {
            return try Self.listen(resolved, limits)
        } catch {
            switch error.code {
            case EADDRINUSE:
                throw failure(
                    "address already in use",
                    "Stop the other process, or choose another port with \(option)."
                )
            case EACCES: throw failure("permission denied", "Choose a port above 1023 with \(option).")
            case EADDRNOTAVAIL:
                throw failure("this machine has no such address", "Give one that it has with \(option).")
            default: throw failure(error.text, nil)
            }
        }
    }

    private func failure(_ cause: String, _ hint: String?) -> HTTPServerError {
        HTTPServerError("cannot listen on \(text): \(cause)." + (hint.map { " " + $0 } ?? ""))
    }

    private static func listen(
        _ address: ResolvedAddress,
        _ limits: HTTPServerLimits
    ) throws(SystemCallError) -> Int32 {
        let descriptor = Int32(try systemCallOrError { linux_stream_socket(address.family) })
        do throws(SystemCallError) {
            // Without SO_REUSEADDR a restart would fail while old connections wait; it does not let two listeners share
            // a port.
            try set(descriptor, SOL_SOCKET, SO_REUSEADDR, 1)
            if address.family == AF_INET6 { try set(descriptor, Int32(IPPROTO_IPV6), IPV6_V6ONLY, 0) }
            // Accepted sockets inherit all three: no delay of small events; an end to clients that vanished without a
            // word (later than the write stall, so that one that is there but does not read is told apart); and little
            // of the kernel's memory for those that do not read.
            let tcp = Int32(IPPROTO_TCP)
            try set(descriptor, tcp, TCP_NODELAY, 1)
            let milliseconds = limits.writeStallTimeout.wholeNanoseconds / 1_000_000 + 10_000
            try set(descriptor, tcp, TCP_USER_TIMEOUT, Int32(clamping: milliseconds))
            try set(descriptor, tcp, TCP_NOTSENT_LOWAT, Int32(clamping: limits.unsentBytes))
            _ = try systemCallOrError { address.withSocketAddress { bind(descriptor, $0, $1) } }
            _ = try systemCallOrError { Glibc.listen(descriptor, 4096) }
        } catch {
            closeDescriptor(descriptor)
            throw error
        }
        return descriptor
    }

    private static func set(
        _ descriptor: Int32,
        _ level: Int32,
        _ option: Int32,
        _ value: Int32
    ) throws(SystemCallError) {
        _ = try systemCallOrError { linux_set_option(descriptor, level, option, value) }
    }
}

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

    /// What the addresses of one client have in common: all of an IPv4 address, the first half of an IPv6 address, since a
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
