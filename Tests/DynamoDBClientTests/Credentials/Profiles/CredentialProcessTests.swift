import Basics
import Glibc
import TestTools
import Testing

@testable import DynamoDBClient

@Suite struct CredentialProcessTests {
    private let scripts = ProcessScripts()

    @Test("takes the keys of the program's JSON, with token and end, and names the profile")
    func keys() async throws {
        let json = #"""
            {"Version": 1, "AccessKeyId": "AKID", "SecretAccessKey": "s", "SessionToken": "t",
             "Expiration": "2099-01-02T03:04:05+00:00", "More": [{}]}
            """#
        #expect(
            try await scripts.process("cat << 'END'\n\(json)\nEND\n").load()
                == LoadedCredentials(
                    Credentials(accessKeyID: "AKID", secretAccessKey: "s", sessionToken: "t"),
                    expiresAt: Timestamp.milliseconds("2099-01-02T03:04:05.000Z"),
                    source: "process of profile dev"
                )
        )
        #expect(
            try await scripts.process("echo '\(ProcessScripts.goodOutput)'").load()
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
        let process = scripts.process(script, environment: ["COUNT": "\(scripts.directory.path)/count"])
        defer { unlink("\(scripts.directory.path)/count") }
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
        let out = "\(scripts.directory.path)/out"
        defer { unlink(out) }
        let environment = ["OUT": out, "VALUE": "v", "KEYS": ProcessScripts.goodOutput, "LEAKING": "\(leaking)"]
        _ = try await scripts.process(script, environment: environment).load()
        #expect(String(decoding: try BoundedFile.read(out, limit: 4_096), as: UTF8.self) == "one|two words|v|leader|2")
    }

    @Test("a program that the PATH has needs no slash")
    func path() async throws {
        #expect(
            try await scripts.process(command: "echo '\(ProcessScripts.goodOutput)'").load().credentials.accessKeyID
                == "AKIDPROCESS"
        )
    }

    @Test("no child and no descriptor is left over, whatever the end")
    func leftovers() async throws {
        var limits = DynamoDBClientLimits()
        limits.credentialProcessTime = .milliseconds(200)
        func openDescriptors() -> Int { (0..<256).count { fcntl($0, F_GETFD) >= 0 } }
        let before = openDescriptors()
        let file = "\(scripts.directory.path)/processes"
        defer { unlink(file) }
        let ends = [
            "echo '\(ProcessScripts.goodOutput)'", "exit 1", "kill -9 $$", "exec sleep 60",
            "exec 1>&- 2>&-; exec sleep 60",
        ]
        for end in ends {
            _ = try? await scripts.process("echo $$ >> \"$FILE\"; \(end)", environment: ["FILE": file], limits: limits)
                .load()
        }
        _ = try? await scripts.process(command: "/nonexistent/program").load()
        // Tests that run beside this one may open some as well.
        #expect(await comesTrue { openDescriptors() <= before })
        let text = String(decoding: try BoundedFile.read(file, limit: 4_096), as: UTF8.self)
        let processes = text.split(separator: "\n").compactMap { pid_t($0) }
        #expect(processes.count == ends.count)
        // One that nobody has waited for would still be there.
        for process in processes { #expect(kill(process, 0) == -1 && errno == ESRCH) }
    }

    @Test("a program that hangs is killed with all that it started, and its question is shown")
    func hang() async throws {
        var limits = DynamoDBClientLimits()
        limits.credentialProcessTime = .seconds(1)
        // A pipe that ends when the last of the group has ended.
        let fifo = "\(scripts.directory.path)/fifo"
        try #require(mkfifo(fifo, 0o600) == 0)
        defer { unlink(fifo) }
        let reader = Glibc.open(fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        defer { close(reader) }
        let script = "exec 3> \"$FIFO\"; echo up >&3; sleep 600 & echo 'MFA code: ' >&2; trap '' TERM; sleep 600"
        let error = try await scripts.failure(scripts.process(script, environment: ["FIFO": fifo], limits: limits))
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
            try await scripts.process("sleep 30 & echo '\(ProcessScripts.goodOutput)'").load().credentials.accessKeyID
                == "AKIDPROCESS"
        )
        #expect(ContinuousClock.now - start < .seconds(20))
    }

    @Test("many that hang hold up no thread that tasks share")
    func manyThatHang() async throws {
        var limits = DynamoDBClientLimits()
        limits.credentialProcessTime = .seconds(60)
        let end = "\(scripts.directory.path)/end"
        let script = scripts.directory.write("script", "while [ ! -e '\(end)' ]; do sleep 0.2; done; exit 1")
        let tasks = (0..<(4 * sysconf(Int32(_SC_NPROCESSORS_ONLN)))).map { _ in
            let process = CredentialProcess(
                command: "/bin/sh '\(script)'",
                profile: "dev",
                context: makeProfileContext(scripts.directory, limits: limits)
            )
            return Task { try? await process.load() }
        }
        // It would wait for one of them, up to their limit, if they blocked the pool.
        let start = ContinuousClock.now
        await Task.detached { await Task.yield() }.value
        #expect(ContinuousClock.now - start < .seconds(30))
        scripts.directory.write("end", "")
        for task in tasks { #expect(await task.value == nil) }
    }

    @Test("no dump shows the line or the environment")
    func secrecy() {
        var text = ""
        dump(scripts.process(command: "x hush", environment: ["TOKEN": "hush"]), to: &text)
        #expect(!text.contains("hush"))
    }
}
