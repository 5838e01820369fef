import Testing

@testable import Replication

@Suite struct VerificationScheduleTests {
    private func schedule(isContinuous: Bool = false, isResumed: Bool = false) -> VerificationSchedule {
        VerificationSchedule(isContinuous: isContinuous, isResumed: isResumed, limits: ReplicationLimits())
    }

    @Test("rests unless it is asked for, or a record was skipped")
    func rests() {
        var resting = schedule()
        #expect(resting.next(skippedRecords: 0, unreadable: 5, at: .seconds(60)) == .rest)
        #expect(resting.next(skippedRecords: 1, unreadable: 5, at: .seconds(120)) == .compare)
        var continuous = schedule(isContinuous: true)
        #expect(continuous.next(skippedRecords: 0, unreadable: 0, at: .seconds(60)) == .compare)
    }

    @Test("compares until the records are made good for, and then not before an hour has passed")
    func repairs() {
        var schedule = schedule()
        for (second, left) in [(60, 1), (120, 1), (180, 0)] as [(Int64, Int)] {
            #expect(schedule.next(skippedRecords: 1, unreadable: 0, at: .seconds(second)) == .compare)
            schedule.ended(.compare, isComplete: true, skippedRecords: left, at: .seconds(second))
        }
        #expect(schedule.next(skippedRecords: 1, unreadable: 0, at: .seconds(180 + 3_599)) == .rest)
        #expect(schedule.next(skippedRecords: 1, unreadable: 0, at: .seconds(180 + 3_600)) == .compare)
    }

    @Test("comparisons that make nothing good are five in a row, then one may not be made for an hour")
    func bounded() {
        var schedule = schedule()
        for second in 1...5 as ClosedRange<Int64> {
            #expect(schedule.next(skippedRecords: 1, unreadable: 0, at: .seconds(second)) == .compare)
            schedule.ended(.compare, isComplete: false, skippedRecords: 1, at: .seconds(second))
        }
        #expect(schedule.next(skippedRecords: 1, unreadable: 0, at: .seconds(6)) == .rest)
        #expect(schedule.next(skippedRecords: 1, unreadable: 0, at: .seconds(3_605)) == .compare)
    }

    @Test("what an earlier process could not read is read until nothing is left open, once")
    func inherited() {
        var schedule = schedule(isResumed: true)
        #expect(schedule.next(skippedRecords: 0, unreadable: 2, at: .seconds(1)) == .readUnreadable)
        schedule.ended(.readUnreadable, isComplete: false, skippedRecords: 0, at: .seconds(2))
        #expect(schedule.next(skippedRecords: 0, unreadable: 2, at: .seconds(3)) == .readUnreadable)
        schedule.ended(.readUnreadable, isComplete: true, skippedRecords: 0, at: .seconds(4))
        #expect(schedule.next(skippedRecords: 0, unreadable: 2, at: .seconds(5)) == .rest)
        var empty = self.schedule(isResumed: true)
        #expect(empty.next(skippedRecords: 0, unreadable: 0, at: .seconds(1)) == .rest)
        #expect(empty.next(skippedRecords: 0, unreadable: 2, at: .seconds(2)) == .rest, "these are this process's own")
    }
}
