package import HTTPSemantics

/// The proxies whose word on a request's client counts.
package struct TrustedProxies: Sendable, Hashable {
    /// Those whose connections begin with a PROXY protocol header.
    package var protocolSources = Networks()
    /// Those whose `X-Forwarded-For` and `Forwarded` are read.
    package var fieldSources = Networks()

    /// None.
    package init() {}

    /// The client of a request by its fields; nil where they do not tell it. Called only where a trusted proxy sent the request.
    ///
    /// `X-Forwarded-For` alone counts where it is there: most proxies write that, and pass a `Forwarded` of the client on as it came.
    func client(of request: borrowing HTTPRequest) -> IPAddress? {
        if let value = Self.joined("x-forwarded-for", request) {
            return ForwardedClient.address(inXForwardedFor: value, trusted: fieldSources)
        }
        return Self.joined("forwarded", request).flatMap {
            ForwardedClient.address(inForwarded: $0, trusted: fieldSources)
        }
    }

    /// The values of all fields of a name, in order, with commas between; nil without one.
    private static func joined(_ lowercasedName: String, _ request: borrowing HTTPRequest) -> [UInt8]? {
        var value: [UInt8]?
        request.forEachValue(of: lowercasedName) { bytes in
            value = value.map { $0 + [UInt8(ascii: ",")] + bytes } ?? Array(bytes)
        }
        return value
    }
}
