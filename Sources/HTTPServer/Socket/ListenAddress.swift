import Basics

/// An address to listen on, as an operator gives it.
package enum ListenAddress: Sendable, Hashable, CustomStringConvertible {
    /// Every address of this machine, of both families.
    case everywhere(port: Int)
    /// An IPv4 address, an IPv6 address without brackets, or a name. Port 0 takes any free one.
    case host(String, port: Int)
    /// A Unix socket, by its absolute path.
    case unix(path: String)

    private static let unixScheme = "unix:"

    /// `host` may have the brackets that an IPv6 address has in a URL.
    package init(host: String, port: Int) {
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        self = .host(isBracketed ? String(host.dropFirst().dropLast()) : host, port: port)
    }

    /// Reads `host:port`, `[v6]:port`, `:port` (every address) or `unix:/path`; nil for anything else.
    package init?(_ text: String) {
        if text.hasPrefix(Self.unixScheme + "/") {
            guard !text.hasSuffix("/"), !text.utf8.contains(0) else { return nil }
            self = .unix(path: String(text.dropFirst(Self.unixScheme.count)))
            return
        }
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let digits = text[text.index(after: colon)...]
        guard digits.utf8.count <= 5, let port = Digits.integer(digits), port <= 65_535 else { return nil }
        let host = text[..<colon]
        if host.isEmpty {
            self = .everywhere(port: port)
            return
        }
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        guard isBracketed ? host.count > 2 : !host.contains(":") else { return nil }
        self.init(host: String(host), port: port)
    }

    /// The form that `init` reads.
    package var description: String {
        switch self {
        case .everywhere(let port): ":\(port)"
        case .host(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): Self.unixScheme + path
        }
    }

    /// The host that was named; nil for every address and for a Unix socket.
    package var host: String? { if case .host(let host, _) = self { host } else { nil } }

    /// The port, 0 for any free one; nil for a Unix socket.
    package var port: Int? {
        switch self {
        case .everywhere(let port), .host(_, let port): port
        case .unix: nil
        }
    }
}
