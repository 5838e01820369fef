import DynamoDBClient
import StreamModel
import TableModel
import Testing

@testable import DynamoDBStream

/// What proves nothing must not count: situations in which a machine once took itself to be up to date.
@Suite struct StreamMachineEvidenceTests {
    @Test("a shard whose parent no listing shows lags by all that may be hidden, until it is a gap")
    func missingParent() {
        var driver = MachineDriver(StreamModel("A"))
        driver.at(.seconds(3)) { $0.model.split("A", into: ["B"], listedAfter: .seconds(1_000_000)) }
        driver.run(until: .seconds(60))
        let morning: Duration = .seconds(25 * 3_600)
        driver.model.now = morning
        driver.model.add("C", parent: "B")
        driver.model.write("k", "1", in: "C")
        driver.model.remove("B")
        driver.run(until: morning + .seconds(2))
        let lag = driver.machine.view(at: driver.now).lagMilliseconds ?? 0
        #expect(lag > 24 * 3_600_000)
        driver.run(until: morning + .seconds(60))
        #expect(driver.gaps == [StreamGap(reason: .missingParent, shardID: "C")])
    }

    @Test("a repeated record is as old as the newest records tell, however far this machine's clock is behind")
    func repeatedRecord() {
        var driver = MachineDriver(StreamModel("A"))
        driver.skew = -300_000
        driver.at(.seconds(10)) { $0.model.write("k", "1", in: "A") }
        driver.run(until: .seconds(20))
        driver.model.outages["GetRecords"] = StreamModel.error(.transient)
        driver.run(until: .seconds(100))
        driver.model.outages = [:]
        driver.model.repeats = 1
        driver.run(until: .seconds(107))
        #expect(driver.records == ["A:k=1"])
        let lag = driver.machine.view(at: driver.now).lagMilliseconds ?? 0
        #expect(lag > 80_000)
    }

    @Test("after an outage, empty pages of a shard that looks open prove nothing before a listing tells its children")
    func openAfterOutage() {
        var driver = MachineDriver(StreamModel("A"))
        driver.run(until: .seconds(10))
        driver.model.outages["GetRecords"] = StreamModel.error(.accessDenied)
        driver.model.outages["DescribeStream"] = StreamModel.error(.accessDenied)
        driver.at(.seconds(12)) { driver in
            driver.model.split("A", into: ["B"])
            driver.model.shards["A"]?.staysListedOpen = true
            driver.model.write("k", "1", in: "B")
        }
        driver.at(.seconds(60)) { $0.model.outages["GetRecords"] = nil }
        driver.run(until: .seconds(90))
        let blind = driver.machine.view(at: driver.now).lagMilliseconds ?? 0
        #expect(blind > 70_000)
        driver.model.outages = [:]
        driver.run(until: .seconds(150))
        #expect(driver.records == ["B:k=1"])
        #expect(driver.machine.view(at: driver.now).lagMilliseconds == 0)
    }

    @Test("a restored machine waits for the siblings of a shard that was found shortly before the process died")
    func restoredSibling() {
        var driver = MachineDriver(StreamModel("A"))
        driver.at(.seconds(2)) { $0.model.split("A", into: ["B"]) }
        driver.run(until: .seconds(5))
        let saved = driver.machine.state(streamARN: "arn")
        #expect(saved.shards.map(\.shardID) == ["A", "B"])
        var model = driver.model
        model.add("C", parent: "A", listedAfter: .seconds(2))
        model.write("l", "1", in: "C")
        var again = MachineDriver(model, start: .state(saved))
        let moment = again.now
        let isReady = again.run(limit: model.now + .seconds(30)) { $0.machine.hasCaughtUp(since: moment) }
        #expect(isReady)
        #expect(again.records == ["C:l=1"])
    }
}
