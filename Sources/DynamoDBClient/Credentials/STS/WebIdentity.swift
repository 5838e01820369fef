/// A role for the holder of a token in a file, as EKS sets it up for a service account (IRSA).
struct WebIdentity: Sendable, Hashable {
    let session: RoleSession
    /// The path of the token's file.
    let tokenFile: String

    /// The identity that `AWS_ROLE_ARN`, `AWS_WEB_IDENTITY_TOKEN_FILE` and `AWS_ROLE_SESSION_NAME` describe (AWS SDKs and Tools Reference
    /// Guide, "Assume role credential provider").
    ///
    /// Throws `isCredentialsNotFound` without a token file: `AWS_ROLE_ARN` alone also serves scripts, and the SDKs pass over it.
    init(environment: [String: String]) throws(DynamoDBError) {
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        let arn = value("AWS_ROLE_ARN")
        guard let tokenFile = value("AWS_WEB_IDENTITY_TOKEN_FILE") else {
            throw .configuration(
                subject: "environment",
                code: .credentialsNotFound,
                message: arn == nil
                    ? DynamoDBError.noKeysHere : "AWS_ROLE_ARN is set, but AWS_WEB_IDENTITY_TOKEN_FILE is not",
                hint: "Set AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE.",
                kind: .accessDenied
            )
        }
        guard let arn else {
            throw .configuration(
                subject: "environment",
                code: "IncompleteCredentials",
                message: "AWS_WEB_IDENTITY_TOKEN_FILE is set, but AWS_ROLE_ARN is not",
                hint: "Set both AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE, or neither.",
                kind: .accessDenied
            )
        }
        self.init(session: RoleSession(arn: arn, name: value("AWS_ROLE_SESSION_NAME")), tokenFile: tokenFile)
    }

    /// Names both parts.
    init(session: RoleSession, tokenFile: String) {
        self.session = session
        self.tokenFile = tokenFile
    }
}
