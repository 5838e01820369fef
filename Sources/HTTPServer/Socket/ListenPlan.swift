import CLinux
import Glibc

/// Where to listen: addresses that have been resolved, so that what is decided by them holds for the sockets that are opened. A name may
/// stand for another address later.
package struct ListenPlan: Sendable {
    /// Which of an entry's addresses are opened.
    enum Rule: Sendable {
        /// The first that this machine has.
        case first
        /// All that this machine has.
        case each
    }

    struct Entry: Sendable {
        let asked: ListenAddress
        let addresses: [SocketAddress]
        let rule: Rule
    }

    /// The mode that the files of Unix sockets get.
    package static let defaultSocketMode: UInt32 = 0o660

    let entries: [Entry]
    let passed: [PassedSocket]
    let socketMode: UInt32

    /// Resolves addresses. Sockets that were passed to the process are listened on, too. `socketMode` is for the files of Unix sockets.
    package init(
        _ addresses: [ListenAddress],
        passed: PassedSockets = .none,
        socketMode: UInt32 = ListenPlan.defaultSocketMode
    ) throws(HTTPServerError) {
        var entries: [Entry] = []
        for address in addresses { entries.append(try Self.entry(address)) }
        self.entries = entries
        self.passed = passed.sockets
        self.socketMode = socketMode
    }

    /// Whether only this machine can reach it: every address is one of loopback or a Unix socket.
    package var isLocal: Bool {
        entries.allSatisfy { $0.addresses.allSatisfy(\.isLocal) } && passed.allSatisfy(\.address.isLocal)
    }

    /// Whether a browser can connect: not where Unix sockets alone are listened on.
    package var isOpenToBrowsers: Bool {
        entries.contains { $0.addresses.contains(where: \.isIP) } || passed.contains(where: \.address.isIP)
    }

    /// Whether the socket for every IPv6 address leaves out IPv4: where an IPv4 address with the same port is listened on, too.
    func leavesIPv4Out(_ address: SocketAddress, of entry: Entry) -> Bool {
        guard address.family == AF_INET6, address.isWildcard, entry.rule == .each, address.port != 0 else {
            return false
        }
        return entries.contains { $0.addresses.contains { $0.family == AF_INET && $0.port == address.port } }
    }

    private static func entry(_ asked: ListenAddress) throws(HTTPServerError) -> Entry {
        switch asked {
        case .unix(let path):
            guard let address = SocketAddress(path: path) else {
                throw .cannotListen(asked, .pathTooLong(path.utf8.count))
            }
            return Entry(asked: asked, addresses: [address], rule: .each)
        case .everywhere(let port):
            guard (0...65_535).contains(port) else { throw .cannotListen(asked, .invalidPort) }
            // An IPv6 socket serves IPv4 clients, too.
            let both = [AF_INET6, AF_INET].map { SocketAddress($0, isLoopback: false, port: port) }
            return Entry(asked: asked, addresses: both, rule: .first)
        case .host(let host, let port):
            guard (0...65_535).contains(port) else { throw .cannotListen(asked, .invalidPort) }
            return Entry(asked: asked, addresses: try addresses(host, port, asked), rule: .each)
        }
    }

    /// The addresses that a host stands for. "localhost" is both loopback addresses whatever the resolver says: clients try both.
    static func addresses(
        _ host: String,
        _ port: Int,
        _ asked: ListenAddress
    ) throws(HTTPServerError) -> [SocketAddress] {
        if host == "localhost" { return [AF_INET, AF_INET6].map { SocketAddress($0, isLoopback: true, port: port) } }
        var hints = addrinfo()
        hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let status = getaddrinfo(host, String(port), &hints, &list)
        guard status == 0 else { throw .cannotListen(asked, .unresolved(String(cString: gai_strerror(status)))) }
        defer { freeaddrinfo(list) }
        var found: [SocketAddress] = []
        var next = list
        while let entry = next?.pointee {
            next = entry.ai_next
            guard let address = entry.ai_addr else { continue }
            let copy = SocketAddress(copying: address, length: entry.ai_addrlen)
            if copy.isIP, !found.contains(where: { $0.family == copy.family && $0.host == copy.host }) {
                found.append(copy)
            }
        }
        guard !found.isEmpty else { throw .cannotListen(asked, .unresolved("the name has no address")) }
        return found
    }
}
