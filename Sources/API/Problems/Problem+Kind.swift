extension Problem {
    /// The kinds that a program may want to tell apart; `type` is `urn:tablecast:problem:` and the raw value.
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        case unknownParameter = "unknown-parameter"
        case repeatedParameter = "repeated-parameter"
        case invalidParameter = "invalid-parameter"
        case invalidKey = "invalid-key"
        case invalidCursor = "invalid-cursor"
        case invalidBody = "invalid-body"
        case itemNotFound = "item-not-found"
        case itemUnreadable = "item-unreadable"
        case tooManyExports = "too-many-exports"
        case preconditionFailed = "precondition-failed"
        case conditionNotMet = "condition-not-met"
        case tooManySubscribers = "too-many-subscribers"
        case tooManyTickets = "too-many-tickets"
        case positionGone = "position-gone"
        case replicaNotReady = "replica-not-ready"
        case replicaTooStale = "replica-too-stale"
        case replicaBehind = "replica-behind"
        case overloaded = "overloaded"
        case unauthorized = "unauthorized"
        case forbidden = "forbidden"
        case tokenInURL = "token-in-url"
        case misdirectedRequest = "misdirected-request"
        case notAcceptable = "not-acceptable"
        case unsupportedMediaType = "unsupported-media-type"
        case pathNotFound = "path-not-found"
        case methodNotAllowed = "method-not-allowed"
        case methodNotImplemented = "method-not-implemented"
        case malformedRequest = "malformed-request"
        case requestTooLarge = "request-too-large"
        case requestTimeout = "request-timeout"
        case serverError = "server-error"

        /// The kind of an error that the HTTP server or the router found.
        init(status: Int) {
            switch status {
            case 404: self = .pathNotFound
            case 405: self = .methodNotAllowed
            case 501: self = .methodNotImplemented
            case 408: self = .requestTimeout
            case 413, 414, 431: self = .requestTooLarge
            case 503: self = .overloaded
            case 400..<500, 505: self = .malformedRequest
            default: self = .serverError
            }
        }
    }
}
