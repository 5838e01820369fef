import CurlTransport

extension TransportFailure {
    /// Whether a proxy failed and not the endpoint. libcurl has one result for both, and tells them apart in its words alone; where the
    /// words are others, the endpoint is blamed. Versions from 8 on name the endpoint, and then `via` the proxy.
    func isOfProxy(_ endpoint: Endpoint) -> Bool {
        if detail.hasPrefix("CONNECT tunnel failed") || detail.hasPrefix("Unsupported proxy") { return true }
        let refused = "Failed to connect to "
        guard case .cannotConnect = cause, detail.hasPrefix(refused) else { return false }
        let host = endpoint.host.first == "[" ? endpoint.host.dropFirst().dropLast() : Substring(endpoint.host)
        let words = detail.dropFirst(refused.count).lowercased()
        return !words.hasPrefix("\(host.lowercased()) port ") || words.contains(" via ")
    }
}
