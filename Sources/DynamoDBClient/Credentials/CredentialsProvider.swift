/// Credentials for requests, renewed as they expire.
public protocol CredentialsProvider: Sendable {
    /// The credentials to sign the next request with. Called for every attempt, so a provider keeps what it has.
    func credentials() async throws(DynamoDBError) -> Credentials

    /// Credentials in place of those that the service rejected (expired, revoked, replaced); nil where there are no others.
    func replacement(of rejected: Credentials) async -> Credentials?

    /// The service accepted a request that was signed with `credentials`. Called after every such request; never blocks.
    func accepted(_ credentials: Credentials)

    /// Loads again, as an operator asks for: the next requests use what the source has then. Keys in use are kept when that fails. Never
    /// blocks.
    func reload()

    /// Where the credentials come from, and until when they hold.
    var status: CredentialsStatus { get }
}

extension CredentialsProvider {
    /// There are no others.
    public func replacement(of rejected: Credentials) async -> Credentials? { nil }

    /// It is no news.
    public func accepted(_ credentials: Credentials) {}

    /// There is nothing to load.
    public func reload() {}

    /// Nothing is known.
    public var status: CredentialsStatus { CredentialsStatus() }
}

extension DynamoDBError {
    /// Whether a provider merely has no credentials, as opposed to being at fault.
    public var isCredentialsNotFound: Bool { code == .credentialsNotFound }
}
