/// The state of the credentials in use, for operators. It has no secret.
public struct CredentialsStatus: Sendable, Hashable {
    /// The place that they came from, as in `profile dev`; nil before the first were loaded.
    public var source: String?
    /// When they end, milliseconds since 1970 UTC; nil for those without an end.
    public var expiresAt: Int64?
    /// How often credentials were loaded.
    public var loads = 0
    /// How often they could not be loaded.
    public var failures = 0
    /// Why the last attempt failed; nil when it succeeded.
    public var trouble: String?

    /// Nothing was loaded yet.
    public init() {}
}

/// Hears of credentials, for the log. Called on any thread; must not block.
public protocol CredentialsObserver: Sendable {
    /// Credentials were loaded: the first ones, or others than before.
    func loaded(_ status: CredentialsStatus)
    /// Credentials could not be loaded. `areKept`: those of before are used on.
    func failed(_ error: DynamoDBError, areKept: Bool)
}
