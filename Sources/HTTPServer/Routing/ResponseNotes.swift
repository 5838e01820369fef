/// What the server adds to every answer about the request itself.
package struct ResponseNotes: OptionSet, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// `X-Request-Id`: the client's when it is well-formed, one made here otherwise.
    package static let requestID = ResponseNotes(rawValue: 1)
    /// `Server-Timing: app;dur=…`, milliseconds from the complete request to its answer (W3C Server Timing). Needs an observer.
    package static let serverTiming = ResponseNotes(rawValue: 2)
}
