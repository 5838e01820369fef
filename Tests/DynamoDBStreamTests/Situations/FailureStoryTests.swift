import DynamoDBClient
import StreamModel
import TableModel
import Testing

@testable import DynamoDBStream

/// What broke other consumers in production, each by its number, and the situations that no other suite has.
@Suite struct FailureStoryTests {
    @Test("situation 19: an ended shard that listings go on to show, and show now and then, is not opened again")
    func finishedShardStaysListed() {
        var model = StreamModel("A")
        model.split("A", into: ["C"])
        var settings = StreamSettings()
        settings.pollInterval = .seconds(60)
        settings.discoveryInterval = .seconds(600)
        var driver = MachineDriver(model, start: .trimHorizon, settings: settings)
        driver.at(.seconds(1)) { $0.model.write("k", "1", in: "C") }
        driver.at(.seconds(20 * 3_600)) { $0.model.order.removeAll { $0 == "A" } }
        driver.at(.seconds(30 * 3_600)) { $0.model.order.insert("A", at: 0) }
        driver.run(until: .seconds(47 * 3_600))
        #expect(driver.taken.filter { $0 == "-A" }.count == 1)
        #expect(driver.calls("GetShardIterator A").count == 1)
        driver.model.order.removeAll { $0 == "A" }
        driver.run(until: .seconds(50 * 3_600))
        #expect(!driver.machine.view(at: driver.now).shards.contains { $0.id == "A" })
        #expect(driver.gaps.isEmpty)
    }

    @Test(
        "situation 20: one throttled shard waits alone, and takes up where it was",
        arguments: ["GetRecords A", "GetShardIterator A", "DescribeStream"]
    )
    func throttled(_ call: String) {
        var driver = MachineDriver(StreamModel("A B"))
        driver.at(.seconds(2)) { $0.model.outages[call] = StreamModel.error(.throttled) }
        for second in 3..<120 {
            driver.at(.seconds(Int64(second))) { driver in
                driver.model.write("a", "\(second)", in: "A")
                driver.model.write("b", "\(second)", in: "B")
            }
        }
        driver.run(until: .seconds(120))
        #expect(driver.records.filter { $0.hasPrefix("B:") }.count == 117)
        driver.model.outages = [:]
        driver.run(until: .seconds(180))
        #expect(driver.records.filter { $0.hasPrefix("A:") } == (3..<120).map { "A:a=\($0)" })
        #expect(driver.gaps.isEmpty)
    }

    @Test("story 2: denied access for five minutes is seen as lag with its reason, and nothing is lost")
    func denied() {
        var driver = MachineDriver(StreamModel("A"))
        driver.run(until: .seconds(10))
        driver.model.outages["GetRecords"] = StreamModel.error(.accessDenied)
        driver.model.outages["DescribeStream"] = StreamModel.error(.accessDenied)
        driver.at(.seconds(60)) { $0.model.write("k", "1", in: "A") }
        driver.run(until: .seconds(310))
        let view = driver.machine.view(at: driver.now)
        #expect((view.lagMilliseconds ?? 0) > 290_000)
        #expect(view.lastError?.kind == .accessDenied)
        driver.model.outages = [:]
        driver.run(until: .seconds(330))
        #expect(driver.records == ["A:k=1"])
        #expect(driver.machine.view(at: driver.now).lagMilliseconds == 0)
    }

    @Test("story 4: forty pages of shards are listed with at most ten calls a second, also while throttled")
    func describeThrottling() {
        var model = StreamModel()
        for number in 0..<400 { model.add("S\(number)") }
        model.listingPage = 10
        var driver = MachineDriver(model)
        for second in stride(from: 1, to: 20, by: 2) {
            driver.at(.seconds(Int64(second))) {
                $0.model.faults["DescribeStream", default: []].append(StreamModel.error(.throttled))
            }
        }
        driver.run(until: .seconds(60))
        let calls = driver.model.calls.filter { $0.call.hasPrefix("DescribeStream") }.map(\.at)
        for (call, tenth) in zip(calls, calls.dropFirst(10)) { #expect(tenth - call >= .milliseconds(999)) }
        #expect(driver.machine.view(at: driver.now).shards.count == 400)
        #expect(driver.gaps.isEmpty)
    }

    @Test("story 7: the records of the last page, which comes with a null iterator, precede the child's")
    func lastPage() {
        var driver = MachineDriver(StreamModel("A"))
        driver.at(.seconds(2)) { driver in
            driver.model.write("k", "1", in: "A")
            driver.model.split("A", into: ["C"])
            driver.model.write("k", "2", in: "C")
        }
        driver.run(until: .seconds(10))
        #expect(driver.records == ["A:k=1", "C:k=2"])
    }

    @Test("stories 8 and 9: generations that came and went between two listings are read from their beginning")
    func generations() {
        var driver = MachineDriver(StreamModel("A"))
        driver.at(.seconds(2)) { driver in
            for number in 1...5 {
                let parent = number == 1 ? "A" : "C\(number - 1)"
                driver.model.split(parent, into: ["C\(number)"])
                driver.model.write("k", "\(number)", in: "C\(number)")
            }
        }
        driver.run(until: .seconds(60))
        #expect(driver.records == (1...5).map { "C\($0):k=\($0)" })
        let late = driver.calls("GetShardIterator").filter { $0.hasSuffix("LATEST") }
        #expect(late == ["GetShardIterator A LATEST"])
    }

    @Test("story 11: sixteen minutes of standing still resume after the last record, or at the oldest one")
    func stoodStill() {
        var driver = MachineDriver(StreamModel("A B"))
        driver.at(.seconds(2)) { $0.model.write("a", "1", in: "A") }
        driver.run(until: .seconds(5))
        driver.model.now += .seconds(960)
        driver.model.write("a", "2", in: "A")
        driver.model.write("b", "1", in: "B")
        driver.run(until: driver.model.now + .seconds(10))
        #expect(driver.records.sorted() == ["A:a=1", "A:a=2", "B:b=1"])
        #expect(driver.calls("GetShardIterator").filter { $0.hasSuffix("LATEST") }.count == 2)
        driver.model.remove("B")
        driver.run(until: driver.model.now + .seconds(60))
        #expect(driver.gaps == [StreamGap(reason: .vanished, shardID: "B")])
    }

    @Test("a child from which nothing was read is a gap when it was left alone for longer than the retention")
    func stalledChild() {
        var driver = MachineDriver(StreamModel("A"))
        driver.at(.seconds(2)) { $0.model.split("A", into: ["C"]) }
        driver.run(until: .seconds(10))
        driver.model.write("k", "1", in: "C")
        driver.model.now += .seconds(25 * 3_600)
        driver.model.trim("C", to: 1)
        driver.run(until: driver.model.now + .seconds(10))
        #expect(driver.gaps == [StreamGap(reason: .stalled, shardID: "C")])
    }

    @Test("one empty page after an outage is no proof: the lag stays until several have come")
    func emptyPageAfterOutage() {
        var driver = MachineDriver(StreamModel("A"))
        driver.run(until: .seconds(10))
        driver.model.outages["GetRecords"] = StreamModel.error(.transient)
        driver.run(until: .seconds(100))
        driver.model.outages = [:]
        let before = driver.calls("GetRecords").count
        _ = driver.run(limit: .seconds(120)) { $0.calls("GetRecords").count >= before + 2 }
        #expect((driver.machine.view(at: driver.now).lagMilliseconds ?? 0) > 80_000)
        driver.run(until: driver.model.now + .seconds(5))
        #expect(driver.machine.view(at: driver.now).lagMilliseconds == 0)
    }

    @Test("a parent that is listed after its children, and never as closed, ends and lets them be read")
    func lateOpenParent() {
        var model = StreamModel("R")
        model.add("A", parent: "R", listedAfter: .seconds(3))
        var driver = MachineDriver(model)
        driver.at(.milliseconds(500)) { driver in
            driver.model.close("R")
            driver.model.split("A", into: ["C"])
            driver.model.shards["A"]?.staysListedOpen = true
            driver.model.write("k", "1", in: "C")
        }
        driver.run(until: .seconds(60))
        #expect(driver.records == ["C:k=1"])
        #expect(driver.gaps.isEmpty)
    }
}
