import Basics

/// A host and a port to listen on, as an operator gives them.
package struct ListenAddress: Sendable, Hashable, CustomStringConvertible {
    /// An IPv4 or IPv6 address, or a name.
    package var host: String
    /// 0 takes any free port.
    package var port: Int

    /// `host` may have the brackets that an IPv6 address has in a URL.
    package init(host: String, port: Int) {
        self.host = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
        self.port = port
    }

    /// Reads `host:port`, `[v6]:port` or `:port` (every interface); nil for anything else.
    package init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let digits = text[text.index(after: colon)...]
        guard digits.utf8.count <= 5, let port = Digits.integer(digits), port <= 65_535 else { return nil }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        self.host = host.isEmpty ? "0.0.0.0" : String(host)
        self.port = port
    }

    /// `host:port`, with brackets around an IPv6 address.
    package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }

    /// The URL under which this machine reaches it.
    package var url: String {
        let everywhere = host == "0.0.0.0" || host == "::"
        return "http://" + ListenAddress(host: everywhere ? "127.0.0.1" : host, port: port).description
    }
}
