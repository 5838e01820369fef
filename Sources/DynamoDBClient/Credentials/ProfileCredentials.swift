import Dispatch
import Synchronization

/// The keys of a profile in the shared credentials and config files. Read on first use and again after `invalidate`, so
/// that keys which another program renews in the file are picked up.
public final class ProfileCredentials: CredentialsProvider {
    private let profile: String
    private let files: SharedFiles
    private let kept: Mutex<Credentials?> = Mutex(nil)
    /// The files are read here: their volume may hang, and no thread that tasks share must wait for it.
    private let queue = DispatchQueue(label: "tablecast.credentials")

    /// Reads `profile` from the files that `environment` points at.
    public convenience init(
        profile: String,
        environment: [String: String],
        limits: DynamoDBClientLimits = DynamoDBClientLimits()
    ) {
        self.init(
            profile: profile,
            files: SharedFiles(environment: environment, byteLimit: limits.configurationFileBytes)
        )
    }

    init(profile: String, files: SharedFiles) {
        self.profile = profile
        self.files = files
    }

    /// The profile's keys; `isCredentialsNotFound` when the profile is not there or has none.
    public func credentials() async throws(DynamoDBError) -> Credentials {
        if let credentials = kept.withLock({ $0 }) { return credentials }
        let read: Result<Credentials, DynamoDBError> = await withCheckedContinuation { continuation in
            queue.async { @Sendable in
                continuation.resume(returning: Result { () throws(DynamoDBError) in try self.load() })
            }
        }
        return try read.get()
    }

    /// Forgets the keys: the next call reads the files again.
    public func invalidate() { kept.withLock { $0 = nil } }

    func load() throws(DynamoDBError) -> Credentials {
        if let credentials = kept.withLock({ $0 }) { return credentials }
        let credentials = try read()
        kept.withLock { $0 = credentials }
        return credentials
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
