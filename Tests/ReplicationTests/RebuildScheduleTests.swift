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
            try schedule.next(
                after: .rebuild(gap),
                of: target,
                liveFor: liveFor,
                isResumed: false,
                hasBeenLive: true,
                at: .zero
            )?.wait
        }
        #expect(try next() == .zero)
        #expect(try next() == .seconds(1))
        #expect(try next(liveFor: .seconds(599)) == .seconds(2))
        #expect(try next(liveFor: .seconds(600)) == .zero)
        #expect(try next() == .seconds(1))
    }

    @Test("a failure ends the process until the replica has been live")
    func ends() throws {
        let failure = ReplicationFailure(kind: .runtime, message: "m", hint: "h")
        var exits = schedule(.exit)
        func next(_ end: GenerationEnd, hasBeenLive: Bool) throws -> Reason? {
            try exits.next(
                after: end,
                of: target,
                liveFor: nil,
                isResumed: false,
                hasBeenLive: hasBeenLive,
                at: .zero
            )?.reason
        }
        #expect(throws: failure) { try next(.failed(failure), hasBeenLive: false) }
        #expect(try next(.failed(failure), hasBeenLive: true) == Reason(.scanFailed, failure.description))
        #expect(try next(.cancelled, hasBeenLive: true) == nil)
    }

    @Test(
        "a gap ends the process under the policy exit, also before the replica was live; another stream does where something is lost",
        arguments: [
            (ReasonCode.gap, false, false, true), (.unusableRecord, false, false, true), (.gap, true, false, true),
            (.newStream, true, false, true), (.streamMissing, true, false, true), (.newStream, false, true, true),
            (.newStream, false, false, false), (.streamMissing, false, false, false),
        ]
    )
    func gaps(_ code: ReasonCode, isResumed: Bool, hasBeenLive: Bool, ends: Bool) throws {
        let reason = Reason(code, "trimmed")
        func next(_ policy: GapPolicy) throws -> Reason? {
            var schedule = schedule(policy)
            return try schedule.next(
                after: .rebuild(reason),
                of: target,
                liveFor: nil,
                isResumed: isResumed,
                hasBeenLive: hasBeenLive,
                at: .zero
            )?.reason
        }
        if ends {
            #expect(throws: ReplicationFailure.gap("trimmed")) { try next(.exit) }
        } else {
            #expect(try next(.exit) == reason)
        }
        #expect(try next(.rebuildServing) == reason && next(.rebuildRefusing) == reason)
    }

    @Test("a stream that its endpoint does not know fails the start after a while without another outcome")
    func lastingAbsence() throws {
        var schedule = schedule()
        func next(_ reason: Reason, _ seconds: Int, hasBeenLive: Bool = false) throws -> Reason? {
            try schedule.next(
                after: .rebuild(reason),
                of: target,
                liveFor: nil,
                isResumed: false,
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
