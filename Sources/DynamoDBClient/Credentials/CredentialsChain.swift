import Synchronization

/// Sources asked in order until one has keys; from then on that one alone, so that a file that is being written does not make the
/// process somebody else.
final class CredentialsChain: CredentialsSource {
    private let sources: [any CredentialsSource]
    private let chosen = Mutex<Int?>(nil)

    /// Asks `sources` in this order.
    init(_ sources: [any CredentialsSource]) { self.sources = sources }

    /// The keys of the first source that has some. Where none has, the error repeats what a source says beyond that.
    func load() async throws(DynamoDBError) -> LoadedCredentials {
        if let chosen = chosen.withLock({ $0 }) { return try await sources[chosen].load() }
        var remarks: [DynamoDBError] = []
        for (index, source) in sources.enumerated() {
            do {
                let loaded = try await source.load()
                chosen.withLock { $0 = index }
                return loaded
            } catch  where error.isCredentialsNotFound {
                if error.message != DynamoDBError.noKeysHere { remarks.append(error) }
            }
        }
        throw .noCredentials(remarks: remarks)
    }
}

extension DynamoDBError {
    /// The message of a source that is simply not set up.
    static let noKeysHere = "there are no credentials"

    /// No source has anything.
    static var noCredentials: DynamoDBError { noCredentials(remarks: []) }

    /// No source has anything. `remarks` are the errors of those that are set up in part, or were asked and had nothing.
    fileprivate static func noCredentials(remarks: [DynamoDBError]) -> DynamoDBError {
        let reasons = remarks.map(\.message).joined(separator: "; ")
        let advice = remarks.map(\.hint).filter { !$0.isEmpty }.map { "\($0) " }.joined()
        return .configuration(
            subject: "credentials",
            code: .credentialsNotFound,
            message: "no AWS credentials in the environment, by web identity, in the shared files, "
                + "from a container or from the instance" + (reasons.isEmpty ? "" : " (\(reasons))"),
            hint: advice + "On AWS, give the task, pod or instance a role. Elsewhere set AWS_ACCESS_KEY_ID and "
                + "AWS_SECRET_ACCESS_KEY (any values do for a local endpoint), or AWS_PROFILE to a profile that has keys.",
            kind: .accessDenied
        )
    }
}
