/// A validated request head: its bytes, copied once, and where the parts are.
struct RequestHead: Sendable {
    /// The request line and the field lines, each with its CRLF.
    var bytes: [UInt8]
    var method: HTTPMethod
    var minorVersion: Int
    /// Offsets into `bytes`. An absolute-form target without a path has an empty one, which means "/".
    var path: Range<Int>
    var query: Range<Int>?
    /// The host of an absolute-form target, which stands for the Host field (RFC 9112 section 3.2.2).
    var authority: Range<Int>?
    /// The offset of the first field line.
    var fieldsStart: Int
    /// Whether the connection may carry another request after this one (RFC 9112 section 9.3).
    var keepsAlive: Bool
}

/// Why bytes did not become a request, and the status that says so.
struct RequestRejection: Error, Equatable {
    let status: Int
    let reason: StaticString
    /// The pair of the query that it is about, as it was sent.
    let pair: [UInt8]?

    init(_ status: Int, _ reason: StaticString, pair: [UInt8]? = nil) {
        self.status = status
        self.reason = reason
        self.pair = pair
    }

    /// A PROXY protocol header from a peer that must not send one: whoever may tell the client's address is not limited by it.
    static let unexpectedProxyHeader = RequestRejection(
        400,
        """
        the connection begins with a PROXY protocol header, and --proxy-protocol does not list its address: list it there, or make \
        the proxy send no such header
        """
    )

    static func == (left: RequestRejection, right: RequestRejection) -> Bool {
        left.status == right.status && left.reason.description == right.reason.description && left.pair == right.pair
    }
}
