import Basics
import DynamoDBClient
import Logging
import ReplicaStore
import Replication
import StateStore
import Synchronization
import Telemetry
import Testing

@testable import Service

@Suite struct ReplicationReporterTests {
    private final class Recorder: Sendable {
        private let state = Mutex((lines: [String](), now: Duration.zero))
        var lines: [String] { state.withLock { $0.lines } }
        var now: Duration { state.withLock { $0.now } }
        func append(_ line: [UInt8]) { state.withLock { $0.lines.append(String(decoding: line, as: UTF8.self)) } }
        func advance(_ duration: Duration) { state.withLock { $0.now += duration } }
    }

    private func reporter(_ recorder: Recorder) -> ReplicationReporter {
        var time = TimeSource.system
        time.continuous = { recorder.now }
        let logger = Logger(label: "t") { label in
            LineLogHandler(label: label, format: .text, level: .info, write: { recorder.append($0) })
        }
        return ReplicationReporter(logger: logger, time: time)
    }

    private let trouble = ReplicationEvent.tableTrouble(
        DynamoDBError(kind: .transient, operation: "Scan", subject: "t", code: "Code", message: "broke", hint: "Wait.")
    )

    @Test("says nothing of trouble before the start, whose failure has a line of its own")
    func quietStart() {
        let recorder = Recorder()
        reporter(recorder).observe(trouble)
        #expect(recorder.lines.isEmpty)
    }

    @Test("asks for more time while a saved state is read, until the start is announced")
    func loading() {
        let seconds = Mutex<[Int64]>([])
        let reporter = reporter(Recorder())
        reporter.whenLoading { more in seconds.withLock { $0.append(more) } }
        reporter.observe(.stateLoading(seconds: 60))
        reporter.observe(.stateLoading(seconds: 61))
        reporter.observe(.startWaits(code: .waitingForTable, reason: "r"))
        reporter.observe(.stateLoading(seconds: 62))
        #expect(seconds.withLock { $0 } == [60, 61])
    }

    @Test("says how the table compares with the memory, and warns where it may not fit")
    func memory() {
        let recorder = Recorder()
        let reporter = reporter(recorder)
        reporter.observe(.memoryEstimated(.roomy, text: "a"))
        reporter.observe(.memoryEstimated(.doubtful, text: "b"))
        reporter.observe(.contentsDropped(reason: "c"))
        reporter.observe(.scanFull(reason: "d"))
        reporter.observe(.memoryFull(reason: "e"))
        reporter.observe(.memoryFreed)
        let lines = recorder.lines.map { $0.split(separator: " ", maxSplits: 1).last.map(String.init) ?? "" }
        #expect(
            lines == [
                "info a\n", "warning b\n", "warning reads are refused until the rebuild ends: c\n",
                "error reads are refused: d\n",
                "error e\n", "notice memory is no longer full: all changes are taken again\n",
            ]
        )
    }

    @Test("logs repeated trouble once in a while, and how often it was left out")
    func troubles() {
        let recorder = Recorder()
        let reporter = reporter(recorder)
        reporter.observe(.stateChanged(from: .syncing, to: .live, code: .following, reason: "x"))
        for _ in 0..<5 { reporter.observe(trouble) }
        #expect(recorder.lines.count == 2)
        recorder.advance(SparseLines.troubleInterval)
        reporter.observe(trouble)
        #expect(recorder.lines.count == 3)
        #expect(
            recorder.lines.last?.hasSuffix("warning Scan t failed: Code: broke. Wait. kind=transient unlogged=4\n")
                == true
        )
    }

    @Test("a start that has to wait says where it listens and what it waits for at once, and the latter once a minute")
    func waitingStart() {
        let recorder = Recorder()
        let reporter = reporter(recorder)
        reporter.whenStarted { recorder.append(Array("listening\n".utf8)) }
        for second in 0..<130 {
            reporter.observe(.reasonChanged(in: .starting, code: .throttled, reason: "has a line of its own"))
            reporter.observe(trouble)
            reporter.observe(.startWaits(code: .streamUnreachable, reason: "second \(second)"))
            recorder.advance(.seconds(1))
        }
        #expect(
            recorder.lines.map { $0.split(separator: " ", maxSplits: 1).last.map(String.init) ?? "" } == [
                "listening\n", "warning the start waits: second 0 reason=stream-unreachable\n",
                "warning the start waits: second 60 reason=stream-unreachable\n",
                "warning the start waits: second 120 reason=stream-unreachable\n",
            ]
        )
        #expect(ReplicationReporter.startInterval == .seconds(60))
    }

    @Test("a start that serves a saved state has one line a minute too, and tells of the stream once it is followed")
    func waitingWithSavedState() {
        let recorder = Recorder()
        let reporter = reporter(recorder)
        reporter.observe(.stateChanged(from: .starting, to: .stale, code: .savedState, reason: "shown"))
        for _ in 0..<50 {
            reporter.observe(trouble)
            reporter.observe(.startWaits(code: .streamUnreachable, reason: "no answer"))
            recorder.advance(.seconds(1))
        }
        reporter.observe(
            .shardTrouble(
                shardID: "s",
                DynamoDBError(
                    kind: .throttled,
                    operation: "GetRecords",
                    subject: "s",
                    code: "Code",
                    message: "broke",
                    hint: ""
                )
            )
        )
        #expect(
            recorder.lines.map { $0.split(separator: " ", maxSplits: 1).last.map(String.init) ?? "" } == [
                "warning replica is stale, was starting: shown reason=saved-state\n",
                "warning the start waits: no answer reason=stream-unreachable\n",
                "warning GetRecords s failed: Code: broke. kind=throttled shard=s\n",
            ]
        )
    }

    @Test("a replica that was never live tells trouble once a minute, and later more often")
    func troublesOfStart() {
        let recorder = Recorder()
        let reporter = reporter(recorder)
        reporter.observe(.stateChanged(from: .starting, to: .syncing, code: .following, reason: "x"))
        for _ in 0..<61 {
            reporter.observe(trouble)
            recorder.advance(.seconds(1))
        }
        #expect(recorder.lines.count == 3)
        reporter.observe(.stateChanged(from: .syncing, to: .live, code: .following, reason: "x"))
        recorder.advance(SparseLines.troubleInterval)
        reporter.observe(trouble)
        #expect(recorder.lines.count == 5)
    }

    @Test("a start whose reason changes with every call logs it once a minute, and each of its steps once")
    func reasonsOfStart() {
        let recorder = Recorder()
        let reporter = reporter(recorder)
        reporter.observe(.stateChanged(from: .starting, to: .syncing, code: .bookmarking, reason: "x"))
        for _ in 0..<61 {
            reporter.observe(.reasonChanged(in: .syncing, code: .throttled, reason: "throttled"))
            reporter.observe(.reasonChanged(in: .syncing, code: .bookmarking, reason: "marking"))
            reporter.observe(.reasonChanged(in: .syncing, code: .streamUnreachable, reason: "no answer"))
            recorder.advance(.seconds(1))
        }
        reporter.observe(.reasonChanged(in: .syncing, code: .scanning, reason: "scanning"))
        #expect(
            recorder.lines.dropFirst().map { $0.split(separator: " ", maxSplits: 1).last.map(String.init) ?? "" } == [
                "info replica is still syncing: throttled reason=throttled\n",
                "info replica is still syncing: marking reason=bookmarking\n",
                "info replica is still syncing: throttled reason=throttled unlogged=119\n",
                "info replica is still syncing: scanning reason=scanning\n",
            ]
        )
    }

    @Test("names the reason of every change of state, and says it when only the reason changes or a repair was made")
    func reasons() {
        let recorder = Recorder()
        let reporter = reporter(recorder)
        reporter.observe(.reasonChanged(in: .starting, code: .streamUnreachable, reason: "said when the start fails"))
        reporter.observe(.reasonChanged(in: .syncing, code: .streamEnabling, reason: "the stream is being enabled"))
        reporter.observe(.stateChanged(from: .live, to: .stale, code: .lagging, reason: "31 s behind"))
        reporter.observe(.reasonChanged(in: .stale, code: .accessDenied, reason: "not allowed"))
        reporter.observe(.repaired(put: 2, removed: 1))
        #expect(
            recorder.lines.map { $0.split(separator: " ", maxSplits: 1).last.map(String.init) ?? "" } == [
                "info replica is still syncing: the stream is being enabled reason=stream-enabling\n",
                "warning replica is stale, was live: 31 s behind reason=lagging\n",
                "warning replica is still stale: not allowed reason=access-denied\n",
                "warning the replica differed from its table and was repaired put=2 removed=1\n",
            ]
        )
    }

    @Test("says what becomes of a state that is not saved, and of records that are not known")
    func savedState() {
        let recorder = Recorder()
        let reporter = reporter(recorder)
        let trouble = StateTrouble("saving to /state/tablecast.sqlite failed: database or disk is full")
        for _ in 0..<3 { reporter.observe(.stateTrouble(trouble)) }
        reporter.observe(.stateRecovered)
        reporter.observe(.stateTrouble(trouble))
        reporter.observe(.stateLeftUnfinished(seconds: 10))
        reporter.observe(.unknownRecord(eventName: "version 2.0", shardID: "s"))
        let said =
            "warning saving to /state/tablecast.sqlite failed: database or disk is full; serving goes on, and saving is tried again\n"
        #expect(
            recorder.lines.map { $0.split(separator: " ", maxSplits: 1).last.map(String.init) ?? "" } == [
                said, "info the state is saved again\n", said,
                "warning the first save of the state was left unfinished 10 s after the stop was asked for; the next start reads "
                    + "the table\n",
                "warning records of kind version 2.0 are not known to this release: the items they name are read from the table "
                    + "shard=s\n",
            ]
        )
    }

    @Test("announces the start and the first live state once each; the store wakes the streams at every publication")
    func announcements() {
        let log = CallLog()
        let reporter = reporter(Recorder())
        reporter.whenStarted { log.append("started") }
        reporter.whenReady { log.append("ready") }
        let store = ReplicaStore()
        store.addListener { log.append("wake") }
        reporter.observe(.stateChanged(from: .starting, to: .syncing, code: .following, reason: "x"))
        store.withdraw()
        reporter.observe(.stateChanged(from: .syncing, to: .live, code: .following, reason: "x"))
        reporter.observe(.stateChanged(from: .live, to: .stale, code: .following, reason: "x"))
        reporter.observe(.stateChanged(from: .stale, to: .live, code: .following, reason: "x"))
        store.withdraw()
        #expect(log.all == ["started", "wake", "ready", "wake"])
    }

    private final class CallLog: Sendable {
        private let state = Mutex<[String]>([])
        var all: [String] { state.withLock { $0 } }
        func append(_ name: String) { state.withLock { $0.append(name) } }
    }
}
