/// An access key. Its secrets never appear in descriptions, dumps or errors.
public struct Credentials: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable
{
    /// The access key's identifier, which is not secret.
    public let accessKeyID: String
    /// The key that signs requests.
    public let secretAccessKey: String
    /// The session token of temporary keys; nil for long-lived ones.
    public let sessionToken: String?

    /// Takes an access key.
    public init(accessKeyID: String, secretAccessKey: String, sessionToken: String? = nil) {
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
        self.sessionToken = sessionToken
    }

    /// The identifier only.
    public var description: String {
        "Credentials(\(accessKeyID), \(sessionToken == nil ? "long-lived" : "temporary"))"
    }

    /// The identifier only.
    public var debugDescription: String { description }

    /// No children: `dump` shows the identifier only.
    public var customMirror: Mirror { Mirror(self, children: [], displayStyle: .struct) }
}
