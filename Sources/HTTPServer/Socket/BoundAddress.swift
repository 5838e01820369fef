import CLinux
import Glibc
import HTTPSemantics

/// An address that is listened on.
package struct BoundAddress: Sendable, Hashable, CustomStringConvertible {
    private enum Place: Hashable {
        /// Brackets are around an IPv6 address.
        case ip(host: String, port: Int)
        /// Nil for a socket without a name.
        case unix(path: String?)
    }

    private let place: Place
    /// The loopback address by which this machine reaches a socket for every address; nil for all others.
    private let loopback: String?
    private let isDualStack: Bool
    private let passed: String?
    /// Whether only this machine can reach it.
    package let isLocal: Bool

    /// `isDualStack` is set for an IPv6 socket that IPv4 clients reach, `passed` names the descriptor of a socket that was passed.
    init(_ address: SocketAddress, isDualStack: Bool = false, passed: String? = nil) {
        if address.isIP {
            let host = address.host
            place = .ip(host: host.contains(":") ? "[\(host)]" : host, port: address.port)
        } else {
            place = .unix(path: address.path)
        }
        loopback = address.isWildcard ? (address.family == AF_INET || isDualStack ? "127.0.0.1" : "[::1]") : nil
        self.isDualStack = isDualStack
        self.passed = passed
        isLocal = address.isLocal
    }

    /// The port; nil for a Unix socket.
    package var port: Int? { if case .ip(_, let port) = place { port } else { nil } }

    /// The URL under which this machine reaches it; nil for a Unix socket.
    package var url: String? {
        guard case .ip(let host, let port) = place else { return nil }
        return "http://\(loopback ?? host):\(port)"
    }

    /// The path of a Unix socket.
    package var socketPath: String? { if case .unix(let path) = place { path } else { nil } }

    /// The bound address in words: `http://[::]:8080 (IPv6 and IPv4)`, `unix:/run/tablecast.sock`.
    package var description: String {
        let words = [isDualStack ? "IPv6 and IPv4" : nil, passed].compactMap { $0 }
        let text =
            switch place {
            case .ip(let host, let port): "http://\(host):\(port)"
            case .unix(let path): PeerAddress.unix.description + (path ?? "")
            }
        return words.isEmpty ? text : "\(text) (\(words.joined(separator: "; ")))"
    }
}

/// The addresses that a server listens on.
package struct Listening: Sendable, Hashable {
    /// At least one.
    package let addresses: [BoundAddress]
    /// Sentences about addresses that were asked for and left out.
    package let notes: [String]

    /// The first port; 0 where there are Unix sockets only.
    package var port: Int { addresses.lazy.compactMap(\.port).first ?? 0 }
    /// The first URL under which this machine reaches it; nil where there are Unix sockets only.
    package var url: String? { addresses.lazy.compactMap(\.url).first }
    /// The path of the first Unix socket.
    package var socketPath: String? { addresses.lazy.compactMap(\.socketPath).first }
}
