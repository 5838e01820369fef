import Dispatch

/// The keys of a profile in the shared credentials and config files.
final class ProfileCredentials: CredentialsSource {
    private let profile: String
    private let files: SharedFiles
    /// The files are read here: their volume may hang, and no thread that tasks share must wait for it.
    private let queue = DispatchQueue(label: "tablecast.credentials")

    init(profile: String, files: SharedFiles) {
        self.profile = profile
        self.files = files
    }

    /// The profile's keys; `isCredentialsNotFound` when the profile is not there or has none.
    func load() async throws(DynamoDBError) -> LoadedCredentials {
        let read: Result<Credentials, DynamoDBError> = await withCheckedContinuation { continuation in
            queue.async { @Sendable in
                continuation.resume(returning: Result { () throws(DynamoDBError) in try self.read() })
            }
        }
        return LoadedCredentials(try read.get(), source: "profile \(profile)")
    }

    private func read() throws(DynamoDBError) -> Credentials {
        let properties = try files.load()[profile] ?? [:]
        func property(_ name: String) -> String? { properties[name].flatMap { $0.isEmpty ? nil : $0 } }
        let identifier = property("aws_access_key_id")
        let secret = property("aws_secret_access_key")
        if identifier == nil, secret == nil, let scheme = Self.otherSchemes.first(where: { property($0) != nil }) {
            throw .configuration(
                subject: "profile \(profile)",
                code: "UnsupportedProfile",
                message: "the profile gets its keys through \(scheme), which is not supported",
                hint: "Run `eval \"$(aws configure export-credentials --profile \(profile) --format env)\"` first.",
                kind: .accessDenied
            )
        }
        return try Credentials.checked(
            accessKeyID: identifier,
            secretAccessKey: secret,
            sessionToken: property("aws_session_token"),
            names: ("aws_access_key_id", "aws_secret_access_key", "aws_session_token"),
            subject: "profile \(profile)"
        )
    }

    /// Ways to get keys that a profile may name instead of keys, in the order in which they are looked for.
    private static let otherSchemes = [
        "sso_session", "sso_start_url", "credential_process", "web_identity_token_file", "role_arn", "login_session",
    ]
}
