/// The keys of a role for the holder of a token in a file: STS exchanges the token for them.
struct WebIdentityCredentials: CredentialsSource {
    private let identity: Result<WebIdentity, DynamoDBError>
    private let suffix: String
    private let context: CredentialsContext
    private let queue = FileQueue()

    /// The identity that the environment describes.
    init(_ context: CredentialsContext) {
        let environment = context.environment
        identity = Result { () throws(DynamoDBError) in try WebIdentity(environment: environment) }
        suffix = ""
        self.context = context
    }

    /// The identity that a profile describes.
    init(_ identity: WebIdentity, profile: String, context: CredentialsContext) {
        self.identity = .success(identity)
        suffix = " by profile \(profile)"
        self.context = context
    }

    /// The role's keys, for the token as it is now; `isCredentialsNotFound` where the environment describes no identity.
    func load() async throws(DynamoDBError) -> LoadedCredentials {
        let identity = try identity.get()
        let service = try SecurityTokenService(context)
        let limit = context.limits.credentialsResponseBytes
        let token = try await queue.run { () throws(DynamoDBError) in
            try WebIdentityToken.read(identity.tokenFile, limit: limit)
        }
        let keys = try await service.perform(
            SecurityTokenRequest(identity.session, token: token, tokenFile: identity.tokenFile)
        )
        return LoadedCredentials(
            keys.credentials,
            expiresAt: keys.expiresAt,
            source: "web identity of role \(identity.session.arn)\(suffix)"
        )
    }
}
