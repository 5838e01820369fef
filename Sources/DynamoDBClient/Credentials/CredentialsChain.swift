/// Providers asked in order until one has credentials.
///
/// This is the seam for more sources: a container's, web identity's or an instance's provider conforms to
/// `CredentialsProvider` and is added at the end of the chain, in the order that the AWS SDKs use (environment, web
/// identity, shared files, container, instance). A provider without credentials throws `isCredentialsNotFound` and the
/// next is asked; any other error ends the search, so that a fault is reported instead of papered over.
public struct CredentialsChain: CredentialsProvider {
    private let providers: [any CredentialsProvider]

    /// Asks `providers` in this order.
    public init(_ providers: [any CredentialsProvider]) { self.providers = providers }

    /// The first credentials found.
    public func credentials() async throws(DynamoDBError) -> Credentials {
        for provider in providers {
            do {
                return try await provider.credentials()
            } catch  where error.isCredentialsNotFound {
                continue
            }
        }
        throw .noCredentials
    }

    /// Has every provider forget.
    public func invalidate() {
        for provider in providers { provider.invalidate() }
    }
}

extension DynamoDBError {
    /// No provider has anything.
    static var noCredentials: DynamoDBError {
        .configuration(
            subject: "credentials",
            code: .credentialsNotFound,
            message: "no AWS credentials in the environment or in the shared credentials file",
            hint: "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (any values do for a local endpoint), "
                + "or AWS_PROFILE to a profile that has keys.",
            kind: .accessDenied
        )
    }
}
