package import HTTPSemantics
import HTTPServer

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
    /// On loopback the hosts that the service was told to listen on pass, too: they are in the URLs that the service names.
    package init?(
        _ hosts: AllowedHosts?,
        listening own: [String],
        isLoopback: Bool,
        asksForTokens: Bool,
        refused: RefusedNames
    ) {
        let own = isLoopback ? own.map { AllowedHosts.normal($0[...]) } : []
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
        if LoopbackHost.matches(host) || allowed.contains(AllowedHosts.normal(host)) { return nil }
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
}
