import Testing

@testable import DynamoDBClient

/// A program that cannot be run, fails, or writes something else than keys is one line for an operator, without a secret.
@Suite struct CredentialProcessFailureTests {
    private let scripts = ProcessScripts()

    struct Failure: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let script: String
        let code: DynamoDBError.Code
        let message: String
        var isTransient = false
    }

    static let badPrograms: [Failure] = [
        Failure(
            testDescription: "a status, with the last line of standard error",
            script: "echo first >&2; printf 'no such account\\n\\n' >&2; exit 3",
            code: "ProcessFailed",
            message: "\"/bin/sh\" ended with status 3. It wrote: no such account",
            isTransient: true
        ),
        Failure(
            testDescription: "a status without a word",
            script: "exit 1",
            code: "ProcessFailed",
            message: "\"/bin/sh\" ended with status 1. It wrote nothing to standard error",
            isTransient: true
        ),
        Failure(
            testDescription: "a signal",
            script: "kill -9 $$",
            code: "ProcessFailed",
            message: "\"/bin/sh\" was ended by signal 9 (Killed). It wrote nothing to standard error",
            isTransient: true
        ),
        Failure(
            testDescription: "a failure whose words have the secrets",
            script:
                "echo '\(ProcessScripts.goodOutput)'; echo 'bad key hush-secret, token=hush1 \"Password\": \"hush 2\" for AKID' >&2; exit 1",
            code: "ProcessFailed",
            message:
                "\"/bin/sh\" ended with status 1. It wrote: bad key [hidden], token=[hidden] \"Password\": \"[hidden]\" for AKID",
            isTransient: true
        ),
        Failure(
            testDescription: "nothing",
            script: "exit 0",
            code: "InvalidProcessOutput",
            message: "\"/bin/sh\" failed: it wrote nothing to standard output"
        ),
        Failure(
            testDescription: "no JSON",
            script: "echo hush",
            code: "InvalidProcessOutput",
            message: "\"/bin/sh\" failed: its output is not the JSON of a credential_process: expected an object"
        ),
        Failure(
            testDescription: "JSON that is cut",
            script: "printf '{\"Version\": 1, \"SecretAccessKey\": \"hush'",
            code: "InvalidProcessOutput",
            message:
                "\"/bin/sh\" failed: its output is not the JSON of a credential_process: expected the end of a string, found the end at byte 39"
        ),
        Failure(
            testDescription: "something behind the JSON",
            script: "echo '\(ProcessScripts.goodOutput) hush'",
            code: "InvalidProcessOutput",
            message:
                "\"/bin/sh\" failed: its output is not the JSON of a credential_process: expected the end at byte 79"
        ),
        Failure(
            testDescription: "no version",
            script: "echo '{\"AccessKeyId\": \"A\", \"SecretAccessKey\": \"hush\"}'",
            code: "InvalidProcessOutput",
            message: "\"/bin/sh\" failed: its output has no Version"
        ),
        Failure(
            testDescription: "another version",
            script: "echo '{\"Version\": 2}'",
            code: "InvalidProcessOutput",
            message: "\"/bin/sh\" failed: its output has Version 2, and only 1 is known"
        ),
        Failure(
            testDescription: "no secret key",
            script: "echo '{\"Version\": 1, \"AccessKeyId\": \"A\"}'",
            code: "InvalidProcessOutput",
            message: "\"/bin/sh\" failed: its output has no SecretAccessKey"
        ),
        Failure(
            testDescription: "no key at all",
            script: "echo '{\"Version\": 1, \"AccessKeyId\": null}'",
            code: "InvalidProcessOutput",
            message: "\"/bin/sh\" failed: its output has no AccessKeyId"
        ),
        Failure(
            testDescription: "a key with a line end",
            script: #"printf '{"Version": 1, "AccessKeyId": "A", "SecretAccessKey": "hush\\n"}'"#,
            code: "InvalidProcessOutput",
            message:
                "\"/bin/sh\" failed: SecretAccessKey in its output has a space, a line end or another character that no key has"
        ),
        Failure(
            testDescription: "an end that is no time",
            script: "echo '{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"hush\",\"Expiration\":\"soon\"}'",
            code: "InvalidProcessOutput",
            message: "\"/bin/sh\" failed: Expiration in its output is not a time such as 2026-11-30T00:00:00Z"
        ),
        Failure(
            testDescription: "keys that have expired",
            script:
                "echo '{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"hush\",\"Expiration\":\"2020-01-01T00:00:00Z\"}'",
            code: "ExpiredProcessCredentials",
            message: "the keys of \"/bin/sh\" expired at 2020-01-01T00:00:00.000Z",
            isTransient: true
        ),
    ]

    @Test("says in one line why there are no keys", arguments: badPrograms)
    func failures(_ example: Failure) async throws {
        let error = try await scripts.failure(scripts.process(example.script))
        #expect(error.message == example.message)
        #expect(error.code == example.code)
        #expect(error.kind == (example.isTransient ? .transient : .accessDenied))
    }

    @Test("each kind of failure has its hint")
    func hints() async throws {
        #expect(
            try await scripts.failure(scripts.process("exit 1")).description
                == "Configuration process of profile dev failed: ProcessFailed: \"/bin/sh\" ended with status 1. It wrote "
                + "nothing to standard error. Run the program by hand as this user, with `< /dev/null`: it must ask for nothing."
        )
        #expect(
            try await scripts.failure(scripts.process("exit 0")).hint
                == "The program must write one JSON object with Version 1, AccessKeyId, SecretAccessKey, and SessionToken and "
                + "Expiration for temporary keys."
        )
        #expect(
            try await scripts.failure(
                scripts.process(
                    "echo '{\"Version\":1,\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"hush\",\"Expiration\":\"2020-01-01T00:00:00Z\"}'"
                )
            )
            .hint == "Renew the login that the program depends on, and check this machine's clock."
        )
    }

    @Test(
        "a program that cannot be run is named",
        arguments: [
            ("/nonexistent/program --token hush", "\"/nonexistent/program\" cannot be run: No such file or directory"),
            ("surely-no-such-program", "\"surely-no-such-program\" cannot be run: No such file or directory"),
            ("/etc/passwd", "\"/etc/passwd\" cannot be run: Permission denied"),
        ]
    )
    func notStarted(command: String, message: String) async throws {
        #expect(
            try await scripts.failure(scripts.process(command: command)).description
                == "Configuration process of profile dev failed: ProcessNotStarted: \(message). Give the full path of a program "
                + "that this user may run. No shell reads the line, so ~ and variables stay."
        )
    }

    @Test(
        "a line that is no command is rejected",
        arguments: [
            ("", "it names no program"), ("  ", "it names no program"), ("''", "it names no program"),
            ("a 'hush", "a quote is not closed"), ("hush\\", "it ends with a backslash"),
        ]
    )
    func lines(command: String, reason: String) async throws {
        #expect(
            try await scripts.failure(scripts.process(command: command)).description
                == "Configuration process of profile dev failed: InvalidProcess: the line credential_process of the profile "
                + "cannot be run: \(reason). Write the program and its arguments, with quotes around those that have spaces."
        )
    }

    @Test("a line with a NUL is rejected: the program would get half of it")
    func zero() async throws {
        #expect(
            try await scripts.failure(scripts.process(command: "a hush\0b")).message
                == "the line credential_process of the profile cannot be run: it has a NUL"
        )
    }

    @Test("output without end is not kept")
    func flood() async throws {
        var limits = DynamoDBClientLimits()
        limits.credentialsResponseBytes = 1_000
        let error = try await scripts.failure(
            scripts.process("while :; do echo hush; echo hush >&2; done", limits: limits)
        )
        #expect(error.message == "\"/bin/sh\" failed: it wrote more than 1000 bytes to standard output")
        #expect(error.kind == .accessDenied)
    }
}
