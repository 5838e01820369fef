/// Answers requests. Called on event loops, several at once: it must not block, and must answer from what it has in
/// memory.
package protocol HTTPHandler: Sendable {
    /// Answers a valid request.
    func respond(to request: HTTPRequest) -> HTTPResponse
    /// Answers in place of a request that never became one (400, 408, 413, 414, 417, 431, 501, 505 …): the server
    /// closes after it. `reason` is a short sentence that says what was wrong.
    func respondToRejected(status: Int, reason: String) -> HTTPResponse
}

/// What the server did, for metrics and logs. Called on event loops; must not block.
package protocol HTTPServerObserver: Sendable {
    func connectionOpened()
    func connectionClosed()
    /// A response was made and its head handed to the kernel; `status` 0 when the connection broke within a request.
    /// `route` is the pattern that matched, nil when none did; `bytes` counts the head and, unless it is a stream, the
    /// body; `duration` runs from the complete request.
    func responded(route: String?, status: Int, bytes: Int, duration: Duration)
    /// Something an operator should read: accept failing for want of descriptors, limits reached.
    func serverWarning(_ text: String)
}
