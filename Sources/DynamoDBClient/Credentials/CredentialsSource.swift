/// A place that keys come from: the environment, a profile, STS, a metadata service.
///
/// A source keeps no keys. `RefreshingCredentials` does, and decides when to load others.
protocol CredentialsSource: Sendable {
    /// Gets keys now, and ends within `DynamoDBClientLimits.credentialsPatience`.
    ///
    /// Throws an error whose `isCredentialsNotFound` is true where this place is not set up, and a chain goes on to the next. Any other
    /// error is a fault of this place (half a pair, an unreadable file, a role that cannot be assumed) and ends the chain. A fault that
    /// may pass is `transient` or `throttled`.
    func load() async throws(DynamoDBError) -> LoadedCredentials
}

/// Keys, and how long they hold.
struct LoadedCredentials: Sendable, Hashable {
    let credentials: Credentials
    /// Milliseconds since 1970 UTC; nil for keys without an end.
    let expiresAt: Int64?
    /// The place in an operator's words, as in `profile dev` or `web identity of role arn:aws:iam::111122223333:role/reader`. No secret.
    let source: String

    init(_ credentials: Credentials, expiresAt: Int64? = nil, source: String) {
        self.credentials = credentials
        self.expiresAt = expiresAt
        self.source = source
    }
}
