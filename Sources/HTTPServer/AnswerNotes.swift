/// What the server adds to every answer about the request itself.
package struct AnswerNotes: OptionSet, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// `X-Request-Id`: the client's when it is well-formed, one made here otherwise.
    package static let requestID = AnswerNotes(rawValue: 1)
    /// `Server-Timing: app;dur=…`, milliseconds from the complete request to its answer (W3C Server Timing). Needs an observer.
    package static let serverTiming = AnswerNotes(rawValue: 2)
}
