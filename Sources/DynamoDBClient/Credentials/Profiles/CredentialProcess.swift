/// A program that gives keys. Not supported yet.
struct CredentialProcess: CredentialsSource {
    let command: String
    let profile: String
    let context: CredentialsContext

    /// Says what to do instead.
    func load() async throws(DynamoDBError) -> LoadedCredentials {
        throw .configuration(
            subject: "profile \(profile)",
            code: "UnsupportedProfile",
            message: "the profile gets its keys through credential_process, which is not supported",
            hint: "Run `eval \"$(aws configure export-credentials --profile \(profile) --format env)\"` first.",
            kind: .accessDenied
        )
    }
}
