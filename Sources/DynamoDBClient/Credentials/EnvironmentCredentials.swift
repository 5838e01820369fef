/// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`, as they were when the process started.
struct EnvironmentCredentials: CredentialsSource, CustomReflectable {
    private let environment: [String: String]

    /// Takes an environment, of which only the three variables are kept.
    init(environment: [String: String]) {
        self.environment = environment.filter { Self.names.contains($0.key) && !$0.value.isEmpty }
    }

    /// The credentials; `isCredentialsNotFound` when the variables are not set, a fault when only one of them is.
    func load() async throws(DynamoDBError) -> LoadedCredentials {
        let credentials = try Credentials.checked(
            accessKeyID: environment["AWS_ACCESS_KEY_ID"],
            secretAccessKey: environment["AWS_SECRET_ACCESS_KEY"],
            sessionToken: environment["AWS_SESSION_TOKEN"],
            names: ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
            subject: "environment"
        )
        return LoadedCredentials(credentials, source: "environment")
    }

    /// No children: `dump` shows no secrets.
    var customMirror: Mirror { Mirror(self, children: [], displayStyle: .struct) }

    private static let names: Set<String> = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"]
}

extension Credentials {
    /// Puts credentials together from three named texts of one place, or says in words what is wrong with them.
    static func checked(
        accessKeyID: String?,
        secretAccessKey: String?,
        sessionToken: String?,
        names: (identifier: String, secret: String, token: String),
        subject: String
    ) throws(DynamoDBError) -> Credentials {
        func fault(_ message: String) -> DynamoDBError {
            .configuration(
                subject: subject,
                code: "IncompleteCredentials",
                message: message,
                hint: "Set both \(names.identifier) and \(names.secret), or neither.",
                kind: .accessDenied
            )
        }
        guard accessKeyID != nil || secretAccessKey != nil else {
            throw .configuration(
                subject: subject,
                code: .credentialsNotFound,
                message: DynamoDBError.noKeysHere,
                hint: "Set \(names.identifier) and \(names.secret).",
                kind: .accessDenied
            )
        }
        guard let accessKeyID else { throw fault("\(names.secret) is set, but \(names.identifier) is not") }
        guard let secretAccessKey else { throw fault("\(names.identifier) is set, but \(names.secret) is not") }
        // Header values and libcurl's user name are lines of text: a control character would end them early.
        for (name, value) in [
            (names.identifier, accessKeyID), (names.secret, secretAccessKey), (names.token, sessionToken ?? "-"),
        ] {
            guard value.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
                throw .configuration(
                    subject: subject,
                    code: "InvalidCredentials",
                    message: "\(name) has a space, a line end or another character that no key has",
                    hint:
                        "Set \(name) to the value alone. A Kubernetes secret that was made with `echo` ends with a line end: use `printf %s`.",
                    kind: .accessDenied
                )
            }
        }
        return Credentials(accessKeyID: accessKeyID, secretAccessKey: secretAccessKey, sessionToken: sessionToken)
    }
}
