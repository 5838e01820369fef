import Glibc
import Logging
import Synchronization
import Telemetry
import Testing

@testable import Service

/// The file of options, read again while the service runs.
@Suite struct OptionsReloaderTests {
    private final class Fixture: Sendable {
        let path: String
        let threshold = LogThreshold(.info)
        private let text = Mutex("")
        private let listener = Mutex<(@Sendable (String) -> Void)?>(nil)

        /// `body` is called with each line while it is written.
        func hear(_ body: @escaping @Sendable (String) -> Void) { listener.withLock { $0 = body } }

        init(_ options: String) throws {
            var name = Array("/tmp/tablecast-options-XXXXXX".utf8CString)
            let descriptor = mkstemp(&name)
            try #require(descriptor >= 0)
            close(descriptor)
            path = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
            try write(options)
        }

        deinit { unlink(path) }

        func write(_ options: String) throws {
            let handle = try #require(fopen(path, "w"))
            fputs(options, handle)
            fclose(handle)
        }

        func reloader(_ flags: [String: String] = [:], environment: [String: String] = [:]) throws -> OptionsReloader {
            let flags = flags.merging(["config": path]) { first, _ in first }
            let started = try SettingsResolver(flags: flags, environment: environment).resolve()
            threshold.level = started.settings.logLevel
            return OptionsReloader(
                flags: flags,
                environment: environment,
                started: started,
                threshold: threshold,
                logger: Logger(label: "t") { label in
                    LineLogHandler(label: label, format: .text, threshold: self.threshold) { line in
                        // What comes after the time, with the path made short.
                        let words = String(decoding: line, as: UTF8.self).split(separator: " ", maxSplits: 1).last ?? ""
                        self.text.withLock { $0 += words }
                        self.listener.withLock { $0 }?(String(words))
                    }
                }
            )
        }

        /// The lines of the log so far, without the path.
        var lines: [String] {
            text.withLock { $0 }.split(separator: "\n").map { line in
                line.split(separator: "/tmp/tablecast-options-", omittingEmptySubsequences: false).enumerated().map {
                    $0.offset == 0 ? String($0.element) : "FILE" + $0.element.dropFirst(6)
                }.joined()
            }
        }
    }

    @Test("a changed log level is applied, in both directions, and the line that says so is seen")
    func level() throws {
        let fixture = try Fixture(#"{"table": "t"}"#)
        let reloader = try fixture.reloader()
        for level in ["debug", "error", "info"] {
            try fixture.write(#"{"table": "t", "log-level": "\#(level)"}"#)
            reloader.reread()
            #expect("\(fixture.threshold.level)" == level)
        }
        reloader.reread()
        #expect(
            fixture.lines == [
                "notice the file of options FILE was read again; the log level is debug now, and was info",
                "notice the file of options FILE was read again; the log level is error now, and was debug",
                "notice the file of options FILE was read again; the log level is info now, and was error",
                "notice the file of options FILE was read again; the log level stays info",
            ]
        )
    }

    @Test("other options that changed are named and not applied; a value that was removed has changed too")
    func others() throws {
        let fixture = try Fixture(#"{"table": "t", "loops": 1, "max-subscribers": 5}"#)
        let reloader = try fixture.reloader()
        try fixture.write(#"{"table": "t", "poll-interval": "100ms", "max-subscribers": 5, "log-level": "notice"}"#)
        for _ in 0..<2 { reloader.reread() }
        let named = fixture.lines.filter { $0.hasPrefix("warning") }
        #expect(named.count == 2 && Set(named).count == 1)
        let names = named.first?.split(separator: ": ").last?.split(separator: ", ").sorted()
        let start = "warning these options changed in FILE and take effect with a restart: "
        #expect(named.first?.hasPrefix(start) == true)
        #expect(names == ["loops", "poll-interval"])
    }

    @Test("flags and variables win over the file, as at the start")
    func precedence() throws {
        let fixture = try Fixture(#"{"table": "t"}"#)
        let flag = try fixture.reloader(["log-level": "warning"])
        try fixture.write(#"{"table": "t", "log-level": "trace"}"#)
        flag.reread()
        #expect(fixture.threshold.level == .warning)
        let variable = try fixture.reloader(environment: ["TABLECAST_LOG_LEVEL": "error"])
        variable.reread()
        #expect(fixture.threshold.level == .error)
    }

    @Test("a file that cannot be used, or is gone, changes nothing, and the log says why")
    func broken() throws {
        let fixture = try Fixture(#"{"table": "t", "log-level": "notice"}"#)
        let reloader = try fixture.reloader()
        let texts = [
            #"{"table": "t", "log-level": "debug""#, "", #"{"log-level": "loud"}"#,
            #"{"log-level": "debug", "no": 1}"#,
        ]
        for text in texts {
            try fixture.write(text)
            reloader.reread()
        }
        unlink(fixture.path)
        reloader.reread()
        #expect(fixture.threshold.level == .notice)
        let start = "error the file of options was read again and cannot be used, so all options stay as they are: "
        #expect(fixture.lines.count == 5 && fixture.lines.allSatisfy { $0.hasPrefix(start) }, "\(fixture.lines)")
        #expect(fixture.lines.last?.contains("cannot be read") == true)
        try fixture.write(#"{"table": "t", "log-level": "debug"}"#)
        reloader.reread()
        #expect(fixture.threshold.level == .debug)
    }

    @Test("a hang-up that comes while the file is read makes it be read once more", .timeLimit(.minutes(1)))
    func askedAgain() async throws {
        let fixture = try Fixture(#"{"table": "t"}"#)
        let reloader = try fixture.reloader()
        let (lines, continuation) = AsyncStream<String>.makeStream()
        fixture.hear { line in
            if line.contains("stays info") {
                // The file was read, and reading it is not over.
                #expect(throws: Never.self) { try fixture.write(#"{"table": "t", "log-level": "trace"}"#) }
                reloader.begin()
            }
            continuation.yield(line)
        }
        reloader.begin()
        for await line in lines where line.contains("is trace now, and was info") { break }
        #expect(fixture.threshold.level == .trace)
    }

    @Test("without a file there is nothing to read")
    func none() throws {
        let started = try SettingsResolver(flags: ["table": "t"], environment: [:]).resolve()
        let threshold = LogThreshold(.info)
        let reloader = OptionsReloader(
            flags: ["table": "t"],
            environment: [:],
            started: started,
            threshold: threshold,
            logger: Logger(label: "t") { _ in SwiftLogNoOpLogHandler() }
        )
        reloader.reread()
        #expect(reloader.path == nil && threshold.level == .info)
    }
}
