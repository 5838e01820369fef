/// A place that this version does not look at.
struct UnavailableCredentials: CredentialsSource {
    /// The place in an operator's words.
    let place: String

    /// Nothing.
    func load() async throws(DynamoDBError) -> LoadedCredentials {
        throw .configuration(
            subject: place,
            code: .credentialsNotFound,
            message: "the \(place) is not supported",
            hint: "Use keys in the environment or in a profile.",
            kind: .accessDenied
        )
    }
}
