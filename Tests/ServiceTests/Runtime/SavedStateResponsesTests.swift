import Basics
import Logging
import ReplicaStore
import Replication
import ServiceTools
import StateStore
import Synchronization
import TableModel
import Telemetry
import Testing

@testable import Service

/// What an operator sees of the saved state: the status, the metrics, the log, the exit status.
@Suite struct SavedStateResponsesTests {
    private func fixture(_ state: SavedStateStatus?) throws -> ServiceFixture {
        let fixture = try ServiceFixture()
        try fixture.publish([["id": .string("a")]], schema: ServiceFixture.single)
        fixture.setStatus { $0.savedState = state }
        return fixture
    }

    @Test("without a state directory the status says null, and the metrics nothing")
    func none() async throws {
        let fixture = try fixture(nil)
        #expect(try fixture.request("/v1/status").body.contains(#""saved_state":null"#))
        #expect(!(try fixture.request("/metrics").body.contains("tablecast_state_saves_total")))
        await fixture.stop()
    }

    @Test("the status and the metrics say how the process began, what is saved, and what keeps it from being saved")
    func failing() async throws {
        var state = SavedStateStatus()
        state.start = "resumed from a state of 7 s ago"
        state.isResumed = true
        state.savedAt = 1_700_000_000_000 - 60_000
        state.streamReadAt = 1_700_000_000_000 - 61_500
        state.savedSeq = 41
        state.bytes = 20_480
        state.saves = 3
        state.failures = 2
        state.trouble = "saving to /data/tablecast.sqlite failed: database or disk is full"
        let fixture = try fixture(state)
        let expected =
            #""saved_state":{"start":"resumed from a state of 7 s ago","resumed":true,"#
            + #""saved_at":"2023-11-14T22:12:20.000Z","saved_seq":"41","stream_read_at":"2023-11-14T22:12:18.500Z","#
            + #""bytes":20480,"saves":3,"failures":2,"#
            + #""trouble":"saving to /data/tablecast.sqlite failed: database or disk is full"}"#
        let status = try fixture.request("/v1/status").body
        #expect(status.contains(expected), "\(status)")
        let metrics = try fixture.request("/metrics").body
        for line in [
            "tablecast_state_resumed 1", "tablecast_state_failing 1", "tablecast_state_bytes 20480",
            "tablecast_state_saves_total 3", "tablecast_state_save_failures_total 2",
            "tablecast_state_age_seconds 61.5",
        ] { #expect(metrics.contains("\n\(line)\n"), "\(line)") }
        #expect(try fixture.request("/readyz").status == 200)
        await fixture.stop()
    }

    private final class Lines: Sendable {
        private let state = Mutex<[String]>([])
        var all: [String] { state.withLock { $0 } }
        func append(_ line: [UInt8]) {
            let text = String(decoding: line, as: UTF8.self)
            // What comes after the time.
            state.withLock { $0.append(text.split(separator: " ", maxSplits: 1).dropFirst().joined()) }
        }
    }

    @Test("the log says a rejection with its reason, trouble once until it is over, and saves only when they are whole")
    func log() {
        let lines = Lines()
        let logger = Logger(label: "t") { label in
            LineLogHandler(label: label, format: .text, level: .info, write: { lines.append($0) })
        }
        let reporter = ReplicationReporter(logger: logger, time: .system)
        reporter.observe(.stateRejected(.tooOld(seconds: 108_000)))
        reporter.observe(.resumed(seconds: 5, epoch: "aaaaaaaa", newEpochReason: nil))
        let full = StateTrouble("saving to f failed: database or disk is full")
        for _ in 0..<3 { reporter.observe(.stateTrouble(full)) }
        reporter.observe(.stateRecovered)
        reporter.observe(.stateTrouble(full))
        reporter.observe(.stateSaved(StateSaveReport(records: 2, isWhole: false, bytes: 9)))
        reporter.observe(.stateSaved(StateSaveReport(records: 2, isWhole: true, bytes: 9)))
        let trouble =
            "warning saving to f failed: database or disk is full; serving goes on, and saving is tried again\n"
        #expect(
            lines.all == [
                "warning reading the table, the saved state is not used: the stream was last read 30.0 h ago, and keeps "
                    + "its records for 24 h reason=too-old\n",
                "info resuming from the saved state of 5 s ago epoch=aaaaaaaa\n", trouble,
                "info the state is saved again\n", trouble, "info state saved bytes=9 records=2\n",
            ]
        )
    }

    @Test("the log says once that a directory in use is waited for, that nothing is saved, and that it is taken")
    func claim() {
        let lines = Lines()
        let logger = Logger(label: "t") { label in
            LineLogHandler(label: label, format: .text, level: .info, write: { lines.append($0) })
        }
        let reporter = ReplicationReporter(logger: logger, time: .system)
        let error = StateDirectoryError.inUse(path: "/data")
        reporter.observe(.stateDirectoryAwaited(error, seconds: 15))
        reporter.observe(.stateDirectoryTaken(path: "/data", isLate: false))
        for _ in 0..<2 { reporter.observe(.stateTrouble(StateTrouble(error.description))) }
        reporter.observe(.stateDirectoryTaken(path: "/data", isLate: true))
        reporter.observe(.stateTrouble(StateTrouble(error.description)))
        let trouble = "warning \(error); serving goes on, and saving is tried again\n"
        #expect(
            lines.all == [
                "notice waiting up to 15 s for the state directory: \(error)\n",
                "notice the state directory /data is free: this process has taken it\n", trouble,
                "notice the state directory /data is free: this process has taken it, and the state is saved from now on\n",
                trouble,
            ]
        )
    }

    @Test("a directory that cannot hold a state is a configuration that cannot work")
    func exitStatus() {
        let error = StartUpError(StateDirectoryError.notADirectory(path: "/data"))
        #expect(error.status == .configuration)
        #expect(error.description.hasPrefix("the state directory /data is a file"))
        #expect(StartUpError(StateDirectoryError.unusable(path: "/data", reason: "r")).status == .configuration)
        #expect(StartUpError(StateDirectoryError.unresponsive(path: "/data", seconds: 10)).status == .failure)
    }
}
