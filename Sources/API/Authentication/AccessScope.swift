/// What a token may be good for.
enum AccessScope: String, Sendable, Hashable, CaseIterable {
    /// Items as they are.
    case read
    /// Changes as they happen.
    case stream
    /// `/metrics`.
    case metrics
    /// `/v1/status`.
    case status
}
