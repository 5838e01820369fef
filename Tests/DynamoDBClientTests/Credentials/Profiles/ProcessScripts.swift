import Testing

@testable import DynamoDBClient

/// Sources of keys that run a test's scripts, for the profile `dev`.
struct ProcessScripts {
    /// Keys as a program writes them.
    static let goodOutput = #"{"Version": 1, "AccessKeyId": "AKIDPROCESS", "SecretAccessKey": "hush-secret"}"#

    let directory = TemporaryDirectory()

    /// A source that runs `script` with `/bin/sh`.
    func process(
        _ script: String,
        environment: [String: String] = [:],
        limits: DynamoDBClientLimits = DynamoDBClientLimits()
    ) -> CredentialProcess {
        let path = directory.write("script", script)
        return process(command: "/bin/sh '\(path)' one 'two words'", environment: environment, limits: limits)
    }

    func process(
        command: String,
        environment: [String: String] = [:],
        limits: DynamoDBClientLimits = DynamoDBClientLimits()
    ) -> CredentialProcess {
        CredentialProcess(
            command: command,
            profile: "dev",
            context: makeProfileContext(
                directory,
                environment: environment.merging(["PATH": "/usr/bin:/bin"]) { given, _ in given },
                limits: limits
            )
        )
    }

    func failure(_ process: CredentialProcess) async throws -> DynamoDBError {
        let error = try #require(await #expect(throws: DynamoDBError.self) { try await process.load() })
        #expect(!error.description.contains("hush"))
        #expect(!error.isCredentialsNotFound, "it would end the chain's search in silence")
        return error
    }
}
