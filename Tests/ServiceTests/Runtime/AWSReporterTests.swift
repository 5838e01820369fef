import Basics
import DynamoDBClient
import Logging
import Synchronization
import Telemetry
import Testing

@testable import Service

@Suite struct AWSReporterTests {
    private final class Recorder: Sendable {
        private let state = Mutex((lines: [String](), now: Duration.zero))
        /// What comes after the time of each line.
        var lines: [String] {
            state.withLock { $0.lines.map { $0.split(separator: " ", maxSplits: 1).dropFirst().joined() } }
        }
        var now: Duration { state.withLock { $0.now } }
        func append(_ line: [UInt8]) { state.withLock { $0.lines.append(String(decoding: line, as: UTF8.self)) } }
        func advance(_ duration: Duration) { state.withLock { $0.now += duration } }
    }

    private let recorder = Recorder()

    private func reporter(isStarted: Bool = true) -> AWSReporter {
        let recorder = recorder
        var time = TimeSource.system
        time.continuous = { recorder.now }
        let logger = Logger(label: "t") { label in
            LineLogHandler(label: label, format: .text, level: .info, write: { recorder.append($0) })
        }
        let reporter = AWSReporter(logger: logger, time: time)
        if isStarted { reporter.start() }
        return reporter
    }

    private func status(_ source: String?, expiresAt: Int64? = nil) -> CredentialsStatus {
        var status = CredentialsStatus()
        status.source = source
        status.expiresAt = expiresAt
        return status
    }

    private let trouble = DynamoDBError(
        kind: .transient,
        operation: "AssumeRole",
        subject: "role r",
        code: "Code",
        message: "broke",
        hint: "Wait."
    )

    @Test("says the source and the end of credentials, the newest of before the start once it has started")
    func loaded() {
        let reporter = reporter(isStarted: false)
        reporter.loaded(status("environment"))
        reporter.loaded(status("profile dev", expiresAt: 1_700_000_000_000))
        #expect(recorder.lines.isEmpty)
        reporter.start()
        reporter.start()
        reporter.loaded(status("profile prod"))
        #expect(
            recorder.lines == [
                "info credentials loaded from profile dev expires_at=2023-11-14T22:13:20.000Z\n",
                "info credentials loaded from profile prod\n",
            ]
        )
    }

    @Test("says why credentials cannot be loaded once in a while, and until when those in use are kept")
    func failed() {
        let reporter = reporter()
        reporter.loaded(status("profile dev", expiresAt: 1_700_000_000_000))
        for _ in 0..<3 { reporter.failed(trouble, areKept: true) }
        recorder.advance(SparseLines.troubleInterval)
        reporter.failed(trouble, areKept: false)
        reporter.loaded(status("profile dev"))
        recorder.advance(SparseLines.troubleInterval)
        reporter.failed(trouble, areKept: true)
        #expect(
            recorder.lines == [
                "info credentials loaded from profile dev expires_at=2023-11-14T22:13:20.000Z\n",
                "warning credentials could not be loaded, and the keys in use are kept until 2023-11-14T22:13:20.000Z: "
                    + "AssumeRole role r failed: Code: broke. Wait. kind=transient\n",
                "warning credentials could not be loaded: AssumeRole role r failed: Code: broke. Wait. kind=transient "
                    + "unlogged=2\n",
                "info credentials loaded from profile dev\n",
                "warning credentials could not be loaded, and the keys in use are kept: AssumeRole role r failed: Code: "
                    + "broke. Wait. kind=transient\n",
            ]
        )
    }

    @Test("leaves trouble of before the start to the start's own line")
    func quietStart() {
        let reporter = reporter(isStarted: false)
        reporter.failed(trouble, areKept: false)
        reporter.noticed(skewMilliseconds: 3_600_000)
        reporter.start()
        #expect(recorder.lines.isEmpty)
        reporter.noticed(skewMilliseconds: 3_600_000)
        #expect(recorder.lines.count == 1)
    }

    @Test("says that the clock is more than a minute off, which way, and when it is right again", arguments: [1, -1])
    func skew(direction: Int64) {
        let reporter = reporter()
        for skew in [0, 59_999, 60_000, 3_600_000, 45_000, 61_000, 29_999, 31_000] {
            reporter.noticed(skewMilliseconds: Int64(skew) * direction)
            reporter.noticed(skewMilliseconds: nil)
        }
        let way = direction > 0 ? "ahead of" : "behind"
        #expect(
            recorder.lines == [
                "warning this machine's clock is 60 s \(way) AWS's; requests are signed with AWS's time. Correct the clock, for "
                    + "example with chrony or systemd-timesyncd.\n",
                "info this machine's clock agrees with AWS's again\n",
            ]
        )
    }

    @Test("a minute off is a minute off, also at the ends of the range")
    func extremes() {
        let reporter = reporter()
        reporter.noticed(skewMilliseconds: .min)
        #expect(recorder.lines.count == 1)
    }
}
