/// Makes the sources of keys that profiles name. The only place that knows all of them.
struct ProfileSources: Sendable {
    let context: CredentialsContext
    /// The endpoint of the container's role, for `credential_source = EcsContainer`.
    let container: any CredentialsSource
    /// The instance's metadata service, for `credential_source = Ec2InstanceMetadata`.
    let instance: any CredentialsSource

    /// The source for a profile, as the files are now.
    func source(of profile: String, in profiles: SharedProfiles) throws(DynamoDBError) -> any CredentialsSource {
        let plan = try ProfilePlan(profile, in: profiles)
        let base = source(plan.origin, in: profiles)
        guard !plan.roles.isEmpty else { return base }
        return AssumedRoleCredentials(plan.roles, base: base, origin: plan.origin, profile: profile, context: context)
    }

    private func source(_ origin: ProfilePlan.Origin, in profiles: SharedProfiles) -> any CredentialsSource {
        switch origin {
        case .environment: EnvironmentCredentials(environment: context.environment)
        case .container: container
        case .instance: instance
        case .keys(let credentials, let profile): ProfileKeys(credentials: credentials, profile: profile)
        case .webIdentity(let identity, let profile):
            WebIdentityCredentials(identity, profile: profile, context: context)
        case .singleSignOn(let profile):
            SSOCredentials(profile: profile, properties: profiles[profile] ?? [:], context: context)
        case .process(let command, let profile): CredentialProcess(command: command, profile: profile, context: context)
        case .nothing(let profile): ProfileKeys(credentials: nil, profile: profile)
        }
    }
}

/// The access key that a profile has, or the word that it has none.
private struct ProfileKeys: CredentialsSource {
    let credentials: Credentials?
    let profile: String

    func load() async throws(DynamoDBError) -> LoadedCredentials {
        if let credentials { return LoadedCredentials(credentials, source: "profile \(profile)") }
        throw .configuration(
            subject: "profile \(profile)",
            code: .credentialsNotFound,
            message: DynamoDBError.noKeysHere,
            hint: "Set aws_access_key_id and aws_secret_access_key, role_arn, sso_account_id or credential_process.",
            kind: .accessDenied
        )
    }
}
