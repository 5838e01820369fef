import DynamoDBClient
import Testing

@testable import Replication

@Suite struct ReadinessTests {
    @Test("goes stale when the lag passes its bound, with the reason, and back to live by itself")
    func staleAndBack() {
        var readiness = Readiness()
        readiness.beginGeneration("scanning")
        #expect(readiness.state == .syncing)
        readiness.judge(.init(lagMilliseconds: 90_000), maximumLag: .seconds(30))
        #expect(readiness.state == .syncing)
        readiness.goLive()
        readiness.judge(.init(lagMilliseconds: 30_000), maximumLag: .seconds(30))
        #expect(readiness.state == .live)
        let trouble = Readiness.Trouble(.transient, "GetRecords A failed: no")
        readiness.judge(.init(lagMilliseconds: 30_001, trouble: trouble), maximumLag: .seconds(30))
        #expect(readiness.state == .stale)
        #expect(readiness.reason == "the stream cannot be read: GetRecords A failed: no")
        readiness.judge(.init(lagMilliseconds: 31_000), maximumLag: .seconds(30))
        #expect(readiness.reason == "more than 30 s behind the table")
        #expect(readiness.code == .lagging)
        readiness.judge(.init(lagMilliseconds: 0), maximumLag: .seconds(30))
        #expect(readiness.state == .live)
        #expect(readiness.reason == "following the stream")
        #expect(readiness.code == .following)
    }

    @Test(
        "names what keeps failing",
        arguments: [
            (DynamoDBError.Kind.accessDenied, ReasonCode.accessDenied), (.expiredCredentials, .credentialsExpired),
            (.throttled, .throttled), (.transient, .streamUnreachable), (.malformed, .streamUnreachable),
            (.notFound, .streamUnreachable), (.fatal, .streamUnreachable),
        ]
    )
    func codes(_ kind: DynamoDBError.Kind, _ code: ReasonCode) {
        var readiness = Readiness()
        readiness.beginGeneration("scanning")
        readiness.goLive()
        let trouble = Readiness.Trouble(kind, "no")
        readiness.judge(.init(lagMilliseconds: 30_000, trouble: trouble), maximumLag: .seconds(30))
        #expect(readiness.code == .following, "trouble within the bound is no staleness")
        readiness.judge(.init(lagMilliseconds: 30_001, trouble: trouble), maximumLag: .seconds(30))
        #expect(readiness.code == code)
    }

    @Test("says that the table is gone before anything else")
    func tableMissing() {
        var readiness = Readiness()
        readiness.beginGeneration("scanning")
        readiness.goLive()
        readiness.judge(.init(streamIsDisabled: true, tableIsMissing: true), maximumLag: .seconds(30))
        #expect(readiness.state == .stale)
        #expect(readiness.code == .tableMissing)
        #expect(readiness.reason == "the table does not exist any more, so its last contents are served")
    }

    @Test("goes by the name of the gap for as long as the rebuild takes, and says what it is at")
    func rebuildReason() {
        var readiness = Readiness()
        readiness.beginGeneration("first")
        readiness.explain("scanning", code: .scanning)
        #expect(readiness.code == .scanning)
        readiness.goLive()
        readiness.beginGeneration("records were trimmed", code: .gap)
        readiness.explain("scanning the table", code: .scanning)
        #expect(readiness.code == .gap)
        #expect(readiness.reason == "records were trimmed; scanning the table")
    }

    @Test("has successors that lead everywhere and never back to the start")
    func successors() {
        #expect(ReplicaState.starting.successors == [.syncing, .stale])
        #expect(ReplicaState.syncing.successors == [.live, .stale])
        #expect(ReplicaState.live.successors == [.stale, .rebuilding])
        #expect(ReplicaState.stale.successors == [.live, .rebuilding])
        #expect(ReplicaState.rebuilding.successors == [.live])
        #expect(ReplicaState.allCases.allSatisfy { !$0.successors.contains(.starting) })
    }

    @Test("once a generation has been begun, no order of what can happen is an illegal change of state")
    func legal() {
        let happenings: [(inout Readiness) -> Void] = [
            { $0.beginGeneration("a gap", code: .gap) }, { $0.goLive() },
            { $0.judge(.init(lagMilliseconds: 99_000), maximumLag: .seconds(30)) },
            { $0.judge(.init(lagMilliseconds: 0), maximumLag: .seconds(30)) },
        ]
        var states: Set<ReplicaState> = []
        for history in 0..<4_096 {
            var readiness = Readiness()
            readiness.beginGeneration("first")
            for step in 0..<6 {
                happenings[history >> (2 * step) & 3](&readiness)
                states.insert(readiness.state)
            }
        }
        #expect(states == [.syncing, .live, .stale, .rebuilding])
    }

    @Test("a saved state that is shown is stale by that name, whatever is waited for, until it is caught up or rebuilt")
    func savedState() {
        var readiness = Readiness()
        readiness.showSavedState()
        #expect(readiness.state == .stale && readiness.servesSavedState && !readiness.hasBeenLive)
        readiness.explain("DescribeTable failed", code: .streamUnreachable)
        #expect(readiness.code == .savedState)
        #expect(readiness.reason == "serving the saved state as it was; DescribeTable failed")
        readiness.judge(.init(lagMilliseconds: 0), maximumLag: .seconds(30))
        #expect(readiness.state == .stale, "a stream that is at its head says nothing of what is shown")
        var rebuilt = readiness
        readiness.goLive()
        #expect(readiness.state == .live && !readiness.servesSavedState)
        rebuilt.beginGeneration("the saved state is not used", code: .savedState)
        rebuilt.explain("scanning the table", code: .scanning)
        #expect(rebuilt.state == .rebuilding && rebuilt.code == .savedState && !rebuilt.servesSavedState)
        #expect(rebuilt.reason == "the saved state is not used; scanning the table")
        rebuilt.goLive()
        #expect(rebuilt.state == .live)
    }

    @Test("an illegal change of state ends the program instead of being told to readers")
    func illegal() async {
        await #expect(processExitsWith: .failure) {
            var readiness = Readiness()
            readiness.goLive()
        }
    }

    @Test("is stale at once when the stream is disabled, however small the lag")
    func disabled() {
        var readiness = Readiness()
        readiness.beginGeneration("scanning")
        readiness.goLive()
        readiness.judge(.init(lagMilliseconds: 0, streamIsDisabled: true), maximumLag: .seconds(30))
        #expect(readiness.state == .stale)
        #expect(readiness.reason == "the table's stream is disabled, so changes no longer arrive")
    }

    @Test("rebuilds after it has been live, and synchronizes again before")
    func generations() {
        var readiness = Readiness()
        readiness.beginGeneration("first")
        readiness.beginGeneration("a gap before the first publication")
        #expect(readiness.state == .syncing)
        readiness.goLive()
        readiness.beginGeneration("a gap")
        #expect(readiness.state == .rebuilding)
        readiness.judge(.init(lagMilliseconds: 99_000), maximumLag: .seconds(30))
        #expect(readiness.state == .rebuilding)
        readiness.goLive()
        #expect(readiness.state == .live)
    }
}
