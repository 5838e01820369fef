/// The keys of a role that a profile assumes with other keys, through further roles where its source profiles name some.
struct AssumedRoleCredentials: CredentialsSource {
    private let base: any CredentialsSource
    private let origin: ProfilePlan.Origin
    private let roles: [RoleSession]
    private let profile: String
    private let context: CredentialsContext

    /// Assumes `roles` in this order, the first with the keys of `base`, which `origin` names.
    init(
        _ roles: [RoleSession],
        base: any CredentialsSource,
        origin: ProfilePlan.Origin,
        profile: String,
        context: CredentialsContext
    ) {
        self.roles = roles
        self.base = base
        self.origin = origin
        self.profile = profile
        self.context = context
    }

    /// The keys of the last role.
    func load() async throws(DynamoDBError) -> LoadedCredentials {
        let service = try SecurityTokenService(context)
        var loaded: LoadedCredentials
        do throws(DynamoDBError) { loaded = try await base.load() } catch {
            throw error.isCredentialsNotFound ? noBase(error) : error
        }
        for role in roles {
            let keys = try await service.perform(SecurityTokenRequest(role, signer: loaded.credentials))
            loaded = LoadedCredentials(
                keys.credentials,
                expiresAt: keys.expiresAt,
                source: "role \(role.arn) by profile \(profile)"
            )
        }
        return loaded
    }

    /// A role without keys to assume it ends the search: the profile says where they should be.
    private func noBase(_ error: DynamoDBError) -> DynamoDBError {
        .configuration(
            subject: "profile \(profile)",
            code: "NoSourceCredentials",
            message: "\(origin.name) has no keys to assume the role with: \(error.message)",
            hint: error.hint,
            // A metadata service that does not respond yet may do so later.
            kind: origin == .instance ? .transient : .accessDenied
        )
    }
}
