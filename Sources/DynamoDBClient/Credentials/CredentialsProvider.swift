/// A source of credentials: the environment, a file, a container's metadata service.
public protocol CredentialsProvider: Sendable {
    /// The credentials to sign the next request with. Called for every attempt, so a provider keeps what it has until
    /// it expires or `invalidate` is called.
    ///
    /// A provider that has nothing to offer throws an error whose `isCredentialsNotFound` is true, and a chain goes on
    /// to the next. Any other error is a definite fault (a half-set environment, an unreadable file) and ends the chain.
    func credentials() async throws(DynamoDBError) -> Credentials

    /// Forgets what is kept: the service said that it expired.
    func invalidate()
}

extension DynamoDBError {
    /// Whether a provider merely has no credentials, as opposed to being at fault.
    public var isCredentialsNotFound: Bool { code == .credentialsNotFound }
}
