import Basics
import HTTPSemantics
import HTTPServer

/// The hosts that `--allowed-host` names.
package enum AllowedHosts: Sendable, Hashable {
    /// Every host: no request is refused for its Host.
    case any
    /// These, in lower case, without port and without the dot that may end a name.
    case only([String])

    /// Reads `*`, or hosts with commas between them; nil for anything else, a host with a port included.
    package init?(_ text: String) {
        if text == "*" {
            self = .any
            return
        }
        var hosts: [String] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            var part = part.drop { $0 == " " }
            while part.last == " " { part.removeLast() }
            guard Self.isHost(part) else { return nil }
            hosts.append(HostRule.normal(part))
        }
        self = .only(hosts)
    }

    private static func isHost(_ text: Substring) -> Bool {
        if text.hasPrefix("[") { return LoopbackHost.isAddress(text) }
        return !text.isEmpty && text.utf8.count <= 253 && ByteSet.name.containsAll(of: text)
    }
}

/// Refuses requests that call the service by a name that is none of its own (421, RFC 9110 section 15.5.20).
///
/// A page can have its own name resolve to 127.0.0.1 once it is loaded (DNS rebinding). For the browser the service is then a part of the
/// page's origin, and CORS asks nobody. Where no token protects a service on loopback, the Host that the browser sends is all that tells
/// such a page from the operator's.
package struct HostRule: Sendable {
    private let allowed: [String]
    /// Whether any IP address passes: where probes come by one. Such a Host is no rebound name.
    private let allowsAddresses: Bool
    private let refused: RefusedNames

    /// The rule for a service that listens on loopback, or not, and asks for tokens, or not; nil where every Host is good. By default it is
    /// there on loopback without tokens. Hosts that are named put it there everywhere, and beyond loopback IP addresses pass as well.
    /// On loopback the host that the service was told to listen on passes, too: it is in the URL that the service names.
    package init?(
        _ hosts: AllowedHosts?,
        listening host: String,
        isLoopback: Bool,
        asksForTokens: Bool,
        refused: RefusedNames
    ) {
        let own = isLoopback ? [Self.normal(host[...])] : []
        switch hosts {
        case .any: return nil
        case nil:
            guard isLoopback, !asksForTokens else { return nil }
            allowed = own
        case .only(let list): allowed = list + own
        }
        allowsAddresses = !isLoopback
        self.refused = refused
    }

    /// What a request gets whose Host is not good; nil for all others. A request without a Host, as HTTP/1.0 has it, is not a browser's.
    func refusal(of request: HTTPRequest) -> Problem? {
        guard let field = request.header("host") else { return nil }
        let host = Self.host(of: field)
        if LoopbackHost.matches(host) || allowed.contains(Self.normal(host)) { return nil }
        if allowsAddresses, LoopbackHost.isAddress(host) { return nil }
        let shown = QueryParameters.shown(String(host))
        let way = "start the service with --allowed-host \(shown)"
        refused.note(shown) {
            "a request for the host \(shown) was refused (421). If that is a name of this service, \(way)"
        }
        return Problem(
            421,
            .misdirectedRequest,
            "The Host '\(shown)' is no name of this service: it was refused because a page of that name may be using this browser to "
                + "reach the service (DNS rebinding). Use localhost or 127.0.0.1 in the URL, or \(way)."
        )
    }

    /// The host of a valid Host field: without its port.
    private static func host(of field: String) -> Substring {
        if field.hasPrefix("["), let end = field.firstIndex(of: "]") { return field[...end] }
        return field.prefix { $0 != ":" }
    }

    /// A host as it is compared.
    static func normal(_ host: Substring) -> String {
        (host.hasSuffix(".") ? host.dropLast() : host).lowercased()
    }
}
