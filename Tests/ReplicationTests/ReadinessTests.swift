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
        readiness.judge(.init(lagMilliseconds: 30_001, lastError: "GetRecords A failed: no"), maximumLag: .seconds(30))
        #expect(readiness.state == .stale)
        #expect(readiness.reason == "the stream cannot be read: GetRecords A failed: no")
        readiness.judge(.init(lagMilliseconds: 31_000), maximumLag: .seconds(30))
        #expect(readiness.reason == "more than 30 s behind the table")
        readiness.judge(.init(lagMilliseconds: 0), maximumLag: .seconds(30))
        #expect(readiness.state == .live)
        #expect(readiness.reason == "following the stream")
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
