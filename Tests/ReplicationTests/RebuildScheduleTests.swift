import DynamoDBClient
import TableModel
import Testing

@testable import Replication

@Suite struct RebuildScheduleTests {
    private let target = ReplicationTarget(
        tableName: "demo",
        tableReference: "demo",
        keySchema: FakeEndpoint.schema,
        streamARN: "stream-1",
        viewType: .newImage,
        approximateItems: 0
    )
    private let gap = Reason(.gap, "trimmed")
    private let missing = Reason(.streamMissing, "no such stream")

    private func schedule(_ policy: GapPolicy = .rebuildServing) -> RebuildSchedule {
        var settings = ReplicationSettings(tableName: "demo")
        settings.gapPolicy = policy
        return RebuildSchedule(settings)
    }

    @Test("the first rebuild follows at once, later ones after growing waits, until a generation was live for long")
    func waits() throws {
        var schedule = schedule()
        func next(liveFor: Duration? = nil) throws -> Duration? {
            try schedule.next(after: .rebuild(gap), of: target, liveFor: liveFor, hasBeenLive: true, at: .zero)?.wait
        }
        #expect(try next() == .zero)
        #expect(try next() == .seconds(1))
        #expect(try next(liveFor: .seconds(599)) == .seconds(2))
        #expect(try next(liveFor: .seconds(600)) == .zero)
        #expect(try next() == .seconds(1))
    }

    @Test("a failure ends the process until the replica has been live; a gap does under the policy exit, after that")
    func ends() throws {
        let failure = ReplicationFailure(kind: .runtime, message: "m", hint: "h")
        var exits = schedule(.exit)
        #expect(throws: failure) {
            try exits.next(after: .failed(failure), of: target, liveFor: nil, hasBeenLive: false, at: .zero)
        }
        let later = try exits.next(after: .failed(failure), of: target, liveFor: nil, hasBeenLive: true, at: .zero)
        #expect(later?.reason == Reason(.scanFailed, failure.description))
        let first = try exits.next(after: .rebuild(gap), of: target, liveFor: nil, hasBeenLive: false, at: .zero)
        #expect(first?.reason == gap)
        #expect(throws: ReplicationFailure.gap("trimmed")) {
            try exits.next(after: .rebuild(gap), of: target, liveFor: nil, hasBeenLive: true, at: .zero)
        }
        #expect(try exits.next(after: .cancelled, of: target, liveFor: nil, hasBeenLive: true, at: .zero) == nil)
    }

    @Test("a stream that its endpoint does not know fails the start after a while without another outcome")
    func lastingAbsence() throws {
        var schedule = schedule()
        func next(_ reason: Reason, _ seconds: Int, hasBeenLive: Bool = false) throws -> Reason? {
            try schedule.next(
                after: .rebuild(reason),
                of: target,
                liveFor: nil,
                hasBeenLive: hasBeenLive,
                at: .seconds(seconds)
            )?.reason
        }
        #expect(try next(missing, 0) == missing)
        #expect(try next(missing, 5) == missing)
        #expect(try next(gap, 6) == gap)
        #expect(try next(missing, 7) == missing)
        #expect(try next(missing, 13, hasBeenLive: true) == missing)
        #expect(throws: ReplicationFailure.streamMissing(target)) { try next(missing, 14) }
    }
}
