/// Credentials given in code: for a local endpoint, or where the caller has a source of its own.
public struct StaticCredentials: CredentialsProvider {
    private let fixed: Credentials

    /// Always offers `credentials`.
    public init(_ credentials: Credentials) { fixed = credentials }

    /// The credentials given.
    public func credentials() async throws(DynamoDBError) -> Credentials { fixed }
}
