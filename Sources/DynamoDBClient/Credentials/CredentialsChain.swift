import Synchronization

/// Sources asked in order until one has keys; from then on that one alone, so that a file that is being written does not make the
/// process somebody else.
final class CredentialsChain: CredentialsSource {
    private let sources: [any CredentialsSource]
    private let chosen = Mutex<Int?>(nil)

    /// Asks `sources` in this order.
    init(_ sources: [any CredentialsSource]) { self.sources = sources }

    /// The keys of the first source that has some.
    func load() async throws(DynamoDBError) -> LoadedCredentials {
        if let chosen = chosen.withLock({ $0 }) { return try await sources[chosen].load() }
        for (index, source) in sources.enumerated() {
            do {
                let loaded = try await source.load()
                chosen.withLock { $0 = index }
                return loaded
            } catch  where error.isCredentialsNotFound {
                continue
            }
        }
        throw .noCredentials
    }
}

extension DynamoDBError {
    /// No source has anything.
    static var noCredentials: DynamoDBError {
        .configuration(
            subject: "credentials",
            code: .credentialsNotFound,
            message: "no AWS credentials in the environment, by web identity, in the shared files, "
                + "from a container or from the instance",
            hint: "On AWS, give the task, pod or instance a role. Elsewhere set AWS_ACCESS_KEY_ID and "
                + "AWS_SECRET_ACCESS_KEY (any values do for a local endpoint), or AWS_PROFILE to a profile that has keys.",
            kind: .accessDenied
        )
    }
}
