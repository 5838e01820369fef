/// Answers requests. Called on event loops, several at once: it must not block, and must answer from what it has in
/// memory.
package protocol HTTPHandler: Sendable {
    /// Answers a valid request.
    func respond(to request: HTTPRequest) -> HTTPResponse
    /// Answers in place of a request that never became one (400, 408, 413, 414, 417, 431, 501, 505 …), or to a connection
    /// that is not let in (503): the server closes after it.
    func respondToRejected(_ rejected: RejectedRequest) -> HTTPResponse
    /// Whether a request is a health probe, which is answered even where all connections are in use. Such an answer must be short and
    /// there at once: it is cut off otherwise. False unless the handler says so. Also called on other threads than event loops.
    func isProbe(_ request: HTTPRequest) -> Bool
}

extension HTTPHandler {
    package func isProbe(_ request: HTTPRequest) -> Bool { false }
}

/// How one request ended.
package struct HTTPOutcome: Sendable, Hashable {
    /// The route that answered; nil when none did.
    package let route: Route?
    /// 0 when the connection broke within the request.
    package let status: Int
    /// The bytes of the head and of the body, unless that is a stream of unknown length.
    package let bytes: Int
    /// From the complete request to its response; a long poll's waiting included.
    package let duration: Duration
    /// The body goes on after this, as a stream.
    package var isStream = false
    /// Who was let in, by name.
    package var principal: String?
    /// What the server answered to when there is no request: the client's address, and what it was told.
    package var rejected: RejectedPeer?
}

/// Whose bytes never became a request.
package struct RejectedPeer: Sendable, Hashable {
    /// The address that the connection came from.
    package let address: String
    /// The client's address, where a PROXY protocol header told it; otherwise the same.
    package let client: String
    /// The answer's `X-Request-Id`. Nil where the server does not name requests, or nothing was answered.
    package let id: String?
    /// What was wrong; nil where the connection broke.
    package var reason: String?

    init(_ origin: ConnectionOrigin, id: String?, reason: String? = nil) {
        address = origin.peerText
        client = origin.clientText
        self.id = id
        self.reason = reason
    }
}

/// Why a connection was not let in.
package enum HTTPRefusal: String, Sendable, Hashable, CaseIterable {
    /// `HTTPServerLimits.connections` is reached.
    case total
    /// `HTTPServerLimits.connectionsPerAddress` is reached.
    case address
}

/// What the server did, for metrics and logs. Called on event loops; must not block.
package protocol HTTPServerObserver: Sendable {
    func connectionOpened()
    func connectionClosed()
    /// A connection that no place was free for was closed, with a 503 or without a word. It never counted as opened, unless a PROXY
    /// protocol header told whose it was.
    func connectionRefused(_ reason: HTTPRefusal)
    /// A health probe is answered though no place was free for its connection, which counts neither as opened nor as refused.
    func probeAdmitted(_ reason: HTTPRefusal)
    /// A response was made and its head is on its way to the kernel, or the connection broke within a request.
    /// `request` is nil for bytes that never became one.
    func responded(to request: HTTPRequest?, _ outcome: HTTPOutcome)
    /// Something an operator should read: accept failing for want of descriptors, limits reached.
    func serverWarning(_ text: String)
}
