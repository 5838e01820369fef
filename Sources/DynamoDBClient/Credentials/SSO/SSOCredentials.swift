/// The keys of a role by single sign-on. Not supported yet.
struct SSOCredentials: CredentialsSource {
    let profile: String
    let properties: [String: String]
    let context: CredentialsContext

    /// Says what to do instead.
    func load() async throws(DynamoDBError) -> LoadedCredentials {
        throw .configuration(
            subject: "profile \(profile)",
            code: "UnsupportedProfile",
            message: "the profile gets its keys through SSO, which is not supported",
            hint: "Run `eval \"$(aws configure export-credentials --profile \(profile) --format env)\"` first.",
            kind: .accessDenied
        )
    }
}
