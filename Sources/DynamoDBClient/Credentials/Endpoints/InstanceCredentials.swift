import Synchronization

/// The keys of an EC2 instance's role.
///
/// The service hands out keys that have ended when it cannot get others; they are passed on, as AWS may still accept them (AWS Builders'
/// Library, "Static stability using Availability Zones").
final class InstanceCredentials: CredentialsSource {
    private let metadata: @Sendable () async throws(DynamoDBError) -> InstanceMetadata
    /// Whether the service had keys before, so that silence is an outage.
    private let isKnown = Mutex(false)

    /// Asks the service that `metadata` describes, which is called at each load.
    init(_ metadata: @escaping @Sendable () async throws(DynamoDBError) -> InstanceMetadata) {
        self.metadata = metadata
    }

    /// Asks the service that the environment and the profile name.
    convenience init(_ context: CredentialsContext) {
        // The files are read here: their volume may hang, and no thread that tasks share must wait for it.
        let queue = FileQueue()
        self.init { () async throws(DynamoDBError) in
            let profiles = try await queue.run { () throws(DynamoDBError) in try context.files.load() }
            return InstanceMetadata(
                environment: context.environment,
                properties: profiles[context.profile] ?? [:],
                http: context.http,
                limits: context.limits
            )
        }
    }

    /// The keys of the instance's role; `isCredentialsNotFound` where this is no instance with a role, or the service is switched off.
    func load() async throws(DynamoDBError) -> LoadedCredentials {
        let loaded = try await metadata().credentials(isKnown: isKnown.withLock(\.self))
        isKnown.withLock { $0 = true }
        return loaded
    }
}
