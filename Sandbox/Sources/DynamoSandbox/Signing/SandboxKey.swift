/// An access key that requests may be signed with, for as long as it is valid.
public struct SandboxKey: Sendable, Hashable {
    /// The access key's identifier.
    public var accessKeyID: String
    /// The key that signs.
    public var secretAccessKey: String
    /// X-Amz-Security-Token, of temporary keys; nil for long-lived ones, which must not come with a token.
    public var sessionToken: String?
    /// From this moment on (milliseconds since 1970 UTC, by the sandbox's clock) requests are refused with ExpiredTokenException; nil
    /// for never.
    public var expiresAt: Int64?

    /// A key; long-lived unless a token or an end is given.
    public init(accessKeyID: String, secretAccessKey: String, sessionToken: String? = nil, expiresAt: Int64? = nil) {
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
        self.sessionToken = sessionToken
        self.expiresAt = expiresAt
    }
}
