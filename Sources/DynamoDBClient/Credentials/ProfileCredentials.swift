/// The keys of a profile in the shared files, in whichever way the profile gets them. The files are read at each load, so keys that were
/// replaced there are noticed.
final class ProfileCredentials: CredentialsSource {
    private let profile: String
    private let sources: ProfileSources
    private let queue = FileQueue()

    /// `sources` makes what the profile names.
    init(profile: String, sources: ProfileSources) {
        self.profile = profile
        self.sources = sources
    }

    /// The profile's keys; `isCredentialsNotFound` when the profile is not there or has none.
    func load() async throws(DynamoDBError) -> LoadedCredentials {
        let files = sources.context.files
        let profiles = try await queue.run { () throws(DynamoDBError) in try files.load() }
        return try await sources.source(of: profile, in: profiles).load()
    }
}
