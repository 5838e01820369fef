import Basics
import Glibc
import TestTools
import Testing

@testable import DynamoDBClient

@Suite struct CredentialProcessTests {
    static let goodOutput: String = #"{"Version": 1, "AccessKeyId": "AKIDPROCESS", "SecretAccessKey": "hush-secret"}"#

    private let directory = TemporaryDirectory()

    /// A process that runs `script` with `/bin/sh`.
    private func process(
        _ script: String,
        environment: [String: String] = [:],
        limits: DynamoDBClientLimits = DynamoDBClientLimits()
    ) -> CredentialProcess {
        let path = directory.write("script", script)
        return process(command: "/bin/sh '\(path)' one 'two words'", environment: environment, limits: limits)
    }

    private func process(
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

    private func failure(_ process: CredentialProcess) async throws -> DynamoDBError {
        let error = try #require(await #expect(throws: DynamoDBError.self) { try await process.load() })
        #expect(!error.description.contains("hush"))
        #expect(!error.isCredentialsNotFound, "it would end the chain's search in silence")
        return error
    }

    @Test("takes the keys of the program's JSON, with token and end, and names the profile")
    func keys() async throws {
        let json = #"""
            {"Version": 1, "AccessKeyId": "AKID", "SecretAccessKey": "s", "SessionToken": "t",
             "Expiration": "2099-01-02T03:04:05+00:00", "More": [{}]}
            """#
        #expect(
            try await process("cat << 'END'\n\(json)\nEND\n").load()
                == LoadedCredentials(
                    Credentials(accessKeyID: "AKID", secretAccessKey: "s", sessionToken: "t"),
                    expiresAt: Timestamp.milliseconds("2099-01-02T03:04:05.000Z"),
                    source: "process of profile dev"
                )
        )
        #expect(
            try await process("echo '\(Self.goodOutput)'").load()
                == LoadedCredentials(
                    Credentials(accessKeyID: "AKIDPROCESS", secretAccessKey: "hush-secret"),
                    source: "process of profile dev"
                )
        )
    }

    @Test("the program is run at each load")
    func rerun() async throws {
        let script = #"""
            echo x >> "$COUNT"
            printf '{"Version":1,"AccessKeyId":"A%s","SecretAccessKey":"s"}' $(wc -l < "$COUNT")
            """#
        let process = process(script, environment: ["COUNT": "\(directory.path)/count"])
        defer { unlink("\(directory.path)/count") }
        #expect(try await process.load().credentials.accessKeyID == "A1")
        #expect(try await process.load().credentials.accessKeyID == "A2")
    }

    @Test("the program has its arguments, the environment, an empty input, a group of its own and no other descriptor")
    func surroundings() async throws {
        // One that is not closed at exec would get into the program.
        let leaking = fcntl(2, F_DUPFD, 100)
        defer { close(leaking) }
        let script = #"""
            cat
            {
                printf '%s|%s|%s|' "$1" "$2" "$VALUE"
                [ "$(cut -d ' ' -f 5 /proc/$$/stat)" = $$ ] && printf leader
                [ -e /proc/$$/fd/2 ] && printf '|2'
                [ -e "/proc/$$/fd/$LEAKING" ] && printf '|leak'
            } > "$OUT"
            echo "$KEYS"
            """#
        let out = "\(directory.path)/out"
        defer { unlink(out) }
        let environment = ["OUT": out, "VALUE": "v", "KEYS": Self.goodOutput, "LEAKING": "\(leaking)"]
        _ = try await process(script, environment: environment).load()
        #expect(String(decoding: try BoundedFile.read(out, limit: 4_096), as: UTF8.self) == "one|two words|v|leader|2")
    }

    @Test("a program that the PATH has needs no slash")
    func path() async throws {
        #expect(try await process(command: "echo '\(Self.goodOutput)'").load().credentials.accessKeyID == "AKIDPROCESS")
    }

    @Test("no child and no descriptor is left over, whatever the end")
    func leftovers() async throws {
        var limits = DynamoDBClientLimits()
        limits.credentialProcessTime = .milliseconds(200)
        func openDescriptors() -> Int { (0..<256).count { fcntl($0, F_GETFD) >= 0 } }
        let before = openDescriptors()
        let file = "\(directory.path)/processes"
        defer { unlink(file) }
        let ends = [
            "echo '\(Self.goodOutput)'", "exit 1", "kill -9 $$", "exec sleep 60", "exec 1>&- 2>&-; exec sleep 60",
        ]
        for end in ends {
            _ = try? await process("echo $$ >> \"$FILE\"; \(end)", environment: ["FILE": file], limits: limits).load()
        }
        _ = try? await process(command: "/nonexistent/program").load()
        // Tests that run beside this one may open some as well.
        #expect(await comesTrue { openDescriptors() <= before })
        let text = String(decoding: try BoundedFile.read(file, limit: 4_096), as: UTF8.self)
        let processes = text.split(separator: "\n").compactMap { pid_t($0) }
        #expect(processes.count == ends.count)
        // One that nobody has waited for would still be there.
        for process in processes { #expect(kill(process, 0) == -1 && errno == ESRCH) }
    }

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
                "echo '\(goodOutput)'; echo 'bad key hush-secret, token=hush1 \"Password\": \"hush 2\" for AKID' >&2; exit 1",
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
            script: "echo '\(goodOutput) hush'",
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
        let error = try await failure(process(example.script))
        #expect(error.message == example.message)
        #expect(error.code == example.code)
        #expect(error.kind == (example.isTransient ? .transient : .accessDenied))
    }

    @Test("each kind of failure has its hint")
    func hints() async throws {
        #expect(
            try await failure(process("exit 1")).description
                == "Configuration process of profile dev failed: ProcessFailed: \"/bin/sh\" ended with status 1. It wrote "
                + "nothing to standard error. Run the program by hand as this user, with `< /dev/null`: it must ask for nothing."
        )
        #expect(
            try await failure(process("exit 0")).hint
                == "The program must write one JSON object with Version 1, AccessKeyId, SecretAccessKey, and SessionToken and "
                + "Expiration for temporary keys."
        )
        #expect(
            try await failure(
                process(
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
            try await failure(process(command: command)).description
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
            try await failure(process(command: command)).description
                == "Configuration process of profile dev failed: InvalidProcess: the line credential_process of the profile "
                + "cannot be run: \(reason). Write the program and its arguments, with quotes around those that have spaces."
        )
    }

    @Test("a line with a NUL is rejected: the program would get half of it")
    func zero() async throws {
        #expect(
            try await failure(process(command: "a hush\0b")).message
                == "the line credential_process of the profile cannot be run: it has a NUL"
        )
    }

    @Test("a program that hangs is killed with all that it started, and its question is shown")
    func hang() async throws {
        var limits = DynamoDBClientLimits()
        limits.credentialProcessTime = .seconds(1)
        // A pipe that ends when the last of the group has ended.
        let fifo = "\(directory.path)/fifo"
        try #require(mkfifo(fifo, 0o600) == 0)
        defer { unlink(fifo) }
        let reader = Glibc.open(fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        defer { close(reader) }
        let script = "exec 3> \"$FIFO\"; echo up >&3; sleep 600 & echo 'MFA code: ' >&2; trap '' TERM; sleep 600"
        let error = try await failure(process(script, environment: ["FIFO": fifo], limits: limits))
        #expect(error.message == "\"/bin/sh\" did not end within 1 s and was killed. It wrote: MFA code:")
        #expect(error.kind == .transient)
        var bytes = [UInt8](repeating: 0, count: 16)
        #expect(read(reader, &bytes, bytes.count) == 3)
        #expect(await comesTrue { read(reader, &bytes, bytes.count) == 0 }, "something of it still runs")
    }

    @Test("a program that ended is not waited for longer, even if something that it started holds its output open")
    func background() async throws {
        let start = ContinuousClock.now
        #expect(
            try await process("sleep 5 & echo '\(Self.goodOutput)'").load().credentials.accessKeyID == "AKIDPROCESS"
        )
        #expect(ContinuousClock.now - start < .seconds(4))
    }

    @Test("output without end is not kept")
    func flood() async throws {
        var limits = DynamoDBClientLimits()
        limits.credentialsResponseBytes = 1_000
        let error = try await failure(process("while :; do echo hush; echo hush >&2; done", limits: limits))
        #expect(error.message == "\"/bin/sh\" failed: it wrote more than 1000 bytes to standard output")
        #expect(error.kind == .accessDenied)
    }

    @Test("many that hang hold up no thread that tasks share")
    func manyThatHang() async throws {
        var limits = DynamoDBClientLimits()
        limits.credentialProcessTime = .milliseconds(500)
        let hanging = process("sleep 60", limits: limits)
        let tasks = (0..<(4 * sysconf(Int32(_SC_NPROCESSORS_ONLN)))).map { _ in
            let process = CredentialProcess(
                command: "sleep 60",
                profile: "dev",
                context: makeProfileContext(directory, limits: limits)
            )
            return Task { try? await process.load() }
        }
        // It would wait for one of them if they blocked the pool.
        let start = ContinuousClock.now
        await Task.detached { await Task.yield() }.value
        #expect(ContinuousClock.now - start < .milliseconds(400))
        _ = try? await hanging.load()
        for task in tasks { #expect(await task.value == nil) }
    }

    @Test("no dump shows the line or the environment")
    func secrecy() {
        var text = ""
        dump(process(command: "x hush", environment: ["TOKEN": "hush"]), to: &text)
        #expect(!text.contains("hush"))
    }
}
