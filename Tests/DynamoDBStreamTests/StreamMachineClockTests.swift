import DynamoDBClient
import StreamModel
import TableModel
import TestTools
import Testing

@testable import DynamoDBStream

/// A machine whose wall clock is not the table's.
@Suite struct StreamMachineClockTests {
    /// A shard whose one record was written a while before the moment asked about, and is read after it.
    private func lateRecord(skew: Int64) -> (driver: MachineDriver, moment: StreamTime) {
        var driver = MachineDriver(StreamModel("A"))
        driver.skew = skew
        driver.tellsTime = true
        driver.at(.seconds(50)) { $0.model.outages["GetRecords"] = StreamModel.error(.transient) }
        driver.at(.seconds(100)) { $0.model.write("k", "1", in: "A") }
        driver.run(until: .seconds(110))
        let moment = driver.now
        _ = driver.machine.hasCaughtUp(since: moment)
        driver.model.outages = [:]
        let isRead = driver.run(limit: .seconds(120)) { !$0.records.isEmpty }
        #expect(isRead)
        return (driver, moment)
    }

    @Test(
        "a record from before the moment is no evidence, however far this machine's clock is behind or ahead",
        arguments: [-300_000, 0, 300_000] as [Int64]
    )
    func oldRecord(_ skew: Int64) {
        var (driver, moment) = lateRecord(skew: skew)
        let read = driver.model.now
        driver.run(until: read + .milliseconds(200))
        let isReadyByRecord = driver.machine.hasCaughtUp(since: moment)
        #expect(!isReadyByRecord)
        let isReady = driver.run(limit: .seconds(130)) { $0.machine.hasCaughtUp(since: moment) }
        #expect(isReady, "empty pages are evidence all the same")
        #expect(driver.model.now - read >= .seconds(1))
    }

    @Test(
        "a busy shard is caught up by its records alone, however far this machine's clock is behind or ahead",
        arguments: [-300_000, 0, 300_000] as [Int64]
    )
    func busy(_ skew: Int64) {
        var driver = MachineDriver(StreamModel("A"))
        driver.skew = skew
        driver.tellsTime = true
        for tick in 0..<200 {
            driver.at(.milliseconds(5_000 + Int64(tick) * 50)) { $0.model.write("k", "\(tick)", in: "A") }
        }
        driver.run(until: .seconds(6))
        let moment = driver.now
        let isReady = driver.run(limit: .seconds(12)) { $0.machine.hasCaughtUp(since: moment) }
        #expect(isReady)
    }

    @Test(
        "the lag of a backlog is its age by the table's clock, and never negative",
        arguments: [-300_000, 0, 300_000] as [Int64]
    )
    func lag(_ skew: Int64) {
        var model = StreamModel("A")
        for value in 0..<100 { model.write("k", "\(value)", in: "A") }
        model.now = .seconds(600)
        var settings = StreamSettings()
        settings.recordLimit = 1
        var driver = MachineDriver(model, start: .trimHorizon, settings: settings)
        driver.skew = skew
        driver.tellsTime = true
        driver.latency = { _, _ in .milliseconds(100) }
        driver.run(until: .seconds(603))
        let behind = driver.machine.view(at: driver.now).lagMilliseconds ?? -1
        #expect((598_000...604_000).contains(behind))
        driver.run(until: .seconds(640))
        driver.model.write("k", "new", in: "A")
        driver.run(until: .seconds(641))
        #expect(driver.machine.view(at: driver.now).lagMilliseconds == 0)
    }

    @Test(
        "a machine that was paused for longer than the retention reports lost records, though its continuous clock stood still"
    )
    func paused() {
        var driver = MachineDriver(StreamModel("A"))
        driver.run(until: .seconds(10))
        driver.skew = 25 * 3_600_000
        driver.model.faults["GetRecords A"] = [StreamModel.error(.expiredIterator)]
        driver.run(until: .seconds(20))
        #expect(driver.gaps == [StreamGap(reason: .stalled, shardID: "A")])
    }

    @Test("a pause that began while a read was in flight is seen, though its response came after")
    func pausedInARead() {
        var driver = MachineDriver(StreamModel("A"))
        driver.latency = { _, _ in .milliseconds(400) }
        driver.run(until: .seconds(10))
        let isReading = driver.run(limit: .seconds(12)) { driver in
            if case .reading = driver.machine.lineage["A"]?.phase { true } else { false }
        }
        #expect(isReading)
        driver.skew = 25 * 3_600_000
        // For the read after this one.
        driver.model.faults["GetRecords A"] = [StreamModel.error(.expiredIterator)]
        driver.run(until: .seconds(20))
        #expect(driver.gaps == [StreamGap(reason: .stalled, shardID: "A")])
    }

    @Test("a machine that was paused for less reads the shard again from its oldest record")
    func pausedForLess() {
        var driver = MachineDriver(StreamModel("A"))
        driver.run(until: .seconds(10))
        driver.skew = 22 * 3_600_000
        driver.model.faults["GetRecords A"] = [StreamModel.error(.expiredIterator)]
        driver.run(until: .seconds(20))
        #expect(driver.gaps.isEmpty)
        #expect(driver.calls("GetShardIterator A").last == "GetShardIterator A TRIM_HORIZON")
    }

    @Test("a suspend counts as lag until the shard is read again, and longer than the retention is a gap")
    func suspended() {
        let clocks = SuspendableClocks()
        var driver = MachineDriver(StreamModel("A"))
        driver.tellsTime = true
        driver.run(until: .seconds(10))
        let before = clocks.continuous
        clocks.suspend(for: .seconds(3_600))
        driver.model.now += clocks.continuous - before
        let lag = driver.machine.view(at: driver.now).lagMilliseconds ?? -1
        #expect((3_600_000...3_602_000).contains(lag))
        driver.run(until: driver.model.now + .seconds(20))
        #expect(driver.machine.view(at: driver.now).lagMilliseconds == 0)
        #expect(driver.gaps.isEmpty)
        clocks.suspend(for: .seconds(25 * 3_600))
        driver.model.now += .seconds(25 * 3_600)
        driver.model.faults["GetRecords A"] = [StreamModel.error(.expiredIterator)]
        driver.run(until: driver.model.now + .seconds(20))
        #expect(driver.gaps == [StreamGap(reason: .stalled, shardID: "A")])
    }
}
