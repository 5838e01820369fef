import DynamoDBClient
import StreamModel
import TableModel
import Testing

@testable import DynamoDBStream

@Suite struct StreamMachineReadingTests {
    @Test("situation 15: takes the records that come with a null next iterator, then ends the shard, once")
    func recordsWithTheEnd() {
        var model = StreamModel("A B")
        model.write("k", "1", in: "A")
        model.close("A")
        model.close("B")
        var driver = MachineDriver(model, start: .trimHorizon)
        driver.run(until: .seconds(3))
        #expect(driver.taken == ["+A", "+B", "A:k=1", "-A", "-B"])
        #expect(driver.calls("GetRecords A").count == 1)
        #expect(driver.calls("GetRecords B").count == 1)
    }

    @Test("goes on after empty pages: they are not the end")
    func emptyPages() {
        var model = StreamModel("A", seed: 3)
        model.emptyPages = 0.7
        for value in 0..<20 { model.write("k", "\(value)", in: "A") }
        var settings = StreamSettings()
        settings.recordLimit = 3
        var driver = MachineDriver(model, start: .trimHorizon, settings: settings)
        driver.run(until: .seconds(30))
        #expect(driver.records == (0..<20).map { "A:k=\($0)" })
    }

    @Test("reads a shard that is behind at once, and one at its head four times a second")
    func cadence() {
        var model = StreamModel("A")
        for value in 0..<10 { model.write("k", "\(value)", in: "A") }
        var settings = StreamSettings()
        settings.recordLimit = 2
        var driver = MachineDriver(model, start: .trimHorizon, settings: settings)
        driver.run(until: .milliseconds(200))
        #expect(driver.records.count == 10)
        let before = driver.calls("GetRecords").count
        driver.run(until: .milliseconds(10_200))
        #expect((38...42).contains(driver.calls("GetRecords").count - before))
    }

    @Test("situation 5: an expired iterator resumes after the last record read, and other shards notice nothing")
    func expiredAfterRecords() throws {
        var driver = MachineDriver(StreamModel("A B"))
        driver.at(.seconds(1)) { $0.model.write("k", "1", in: "A") }
        driver.at(.seconds(2)) { driver in
            driver.model.faults["GetRecords A"] = [StreamModel.error(.expiredIterator)]
            driver.model.write("k", "2", in: "A")
            driver.model.write("l", "1", in: "B")
        }
        driver.run(until: .seconds(4))
        #expect(driver.records.sorted() == ["A:k=1", "A:k=2", "B:l=1"])
        let first = try #require(driver.model.shards["A"]?.records.first?.sequenceNumber)
        #expect(driver.calls("GetShardIterator A").last == "GetShardIterator A AFTER \(first)")
        #expect(driver.calls("GetShardIterator B").count == 1)
    }

    @Test(
        "situation 4: an iterator that expires before any record never asks for LATEST again, and says that it replays"
    )
    func expiredWhileIdle() {
        var model = StreamModel("A")
        model.write("old", "1", in: "A")
        var driver = MachineDriver(model)
        driver.model.now = .seconds(3_600)
        driver.at(.seconds(3_601)) { $0.model.write("k", "1", in: "A") }
        driver.at(.seconds(3_601)) { $0.model.faults["GetRecords A"] = [StreamModel.error(.expiredIterator)] }
        driver.run(until: .seconds(3_610))
        #expect(driver.calls("GetShardIterator A") == ["GetShardIterator A LATEST", "GetShardIterator A TRIM_HORIZON"])
        // What is older than the bookmark by more than any clock skew is left out.
        #expect(driver.records == ["A:k=1"])
        // What is replayed comes in one delivery, with the end of it.
        let last = driver.deliveries.last?.items ?? []
        #expect(last.count == 2)
        #expect(last.last == .replayed(shardID: "A"))
        #expect(driver.deliveries.count { $0.items.contains { if case .records = $0 { true } else { false } } } == 1)
    }

    @Test("situation 3: every shard is read while time passes, so that no iterator grows old")
    func iteratorsStayYoung() {
        var driver = MachineDriver(StreamModel("A B C"))
        driver.run(until: .seconds(16 * 60))
        driver.model.write("k", "1", in: "B")
        driver.run(until: .seconds(16 * 60 + 1))
        #expect(driver.records == ["B:k=1"])
        #expect(driver.calls("GetShardIterator").count == 3)
        #expect(driver.troubles.isEmpty)
    }

    @Test("a machine that stood still for longer than the retention, with nothing to resume from, reports a gap")
    func stalled() {
        var driver = MachineDriver(StreamModel("A"))
        driver.run(until: .seconds(2))
        driver.model.now = .seconds(24 * 3_600)
        driver.run(until: .seconds(24 * 3_600 + 5))
        #expect(driver.gaps == [StreamGap(reason: .stalled, shardID: "A")])
    }

    @Test("situation 16: a malformed answer is asked for again with the same iterator, and is no end")
    func malformed() {
        var driver = MachineDriver(StreamModel("A"))
        driver.at(.seconds(1)) { driver in
            driver.model.faults["GetRecords A"] = Array(repeating: StreamModel.error(.malformed), count: 3)
            driver.model.write("k", "1", in: "A")
        }
        driver.run(until: .seconds(10))
        #expect(driver.records == ["A:k=1"])
        #expect(driver.calls("GetShardIterator").count == 1)
        #expect(!driver.taken.contains("-A"))
    }

    @Test(
        "case 20: a throttled shard backs off alone and recovers, whatever the operation",
        arguments: [
            "GetRecords A", "GetShardIterator A",
        ]
    )
    func throttled(_ call: String) {
        var model = StreamModel("A B")
        model.outages[call] = StreamModel.error(.throttled)
        model.write("k", "1", in: "A")
        var driver = MachineDriver(model, start: .trimHorizon)
        driver.at(.seconds(10)) { $0.model.write("l", "1", in: "B") }
        driver.at(.seconds(600)) { $0.model.outages = [:] }
        driver.run(until: .seconds(11))
        #expect(driver.records == ["B:l=1"])
        driver.run(until: .seconds(600))
        // Full jitter up to 5 s: between one call in 5 s and one in 25 ms.
        #expect((120...600).contains(driver.calls(call).count))
        #expect(driver.calls("GetRecords B").count > 2_000)
        driver.run(until: .seconds(610))
        #expect(driver.records == ["B:l=1", "A:k=1"])
    }

    @Test("situation 21: of 700 shards one keeps failing; the others are set up and read, and it is retried alone")
    func oneOfMany() {
        var model = StreamModel()
        for index in 0..<700 { model.add("S\(1_000 + index)") }
        model.outages["GetShardIterator S1500"] = StreamModel.error(.transient)
        var driver = MachineDriver(model)
        driver.latency = { _, _ in .milliseconds(100) }
        driver.at(.seconds(20)) { driver in
            for index in 0..<700 where index != 500 { driver.model.write("k\(index)", "1", in: "S\(1_000 + index)") }
        }
        driver.run(until: .seconds(40))
        #expect(driver.records.count == 699)
        #expect(driver.bookmarkedAt == nil)
        driver.model.outages = [:]
        driver.run(until: .seconds(50))
        #expect(driver.bookmarkedAt != nil)
    }

    @Test("situation 18: trimmed data is a gap", arguments: ["GetRecords A", "GetShardIterator A"])
    func trimmed(_ call: String) {
        var driver = MachineDriver(StreamModel("A B"))
        driver.at(.seconds(1)) { $0.model.write("k", "1", in: "A") }
        driver.at(.seconds(2)) { driver in
            driver.model.faults["GetRecords A"] = [
                StreamModel.error(call == "GetRecords A" ? .trimmed : .expiredIterator)
            ]
            driver.model.outages["GetShardIterator A"] = StreamModel.error(.trimmed)
        }
        driver.at(.seconds(3)) { $0.model.write("l", "1", in: "B") }
        driver.run(until: .seconds(60))
        #expect(driver.gaps == [StreamGap(reason: .trimmed, shardID: "A")])
        #expect(driver.records == ["A:k=1", "B:l=1"])
        // No error loop: the shard stands still.
        #expect(driver.calls(call).count < 12)
    }

    @Test("situation 18: a trim reported of a shard too young for one is answered by reading it from its oldest record")
    func falseTrim() {
        var driver = MachineDriver(StreamModel("A"))
        driver.at(.seconds(2)) { driver in
            driver.model.split("A", into: ["C"])
            driver.model.write("k", "1", in: "C")
            driver.model.faults["GetRecords C"] = [StreamModel.error(.trimmed)]
        }
        driver.run(until: .seconds(10))
        #expect(driver.gaps.isEmpty)
        #expect(driver.records == ["C:k=1"])
    }

    @Test("situation 17: a shard that is not found and not listed is a gap; one that is listed is tried again")
    func vanished() {
        var driver = MachineDriver(StreamModel("A B"))
        driver.at(.seconds(2)) { driver in
            driver.model.faults["GetRecords B"] = [StreamModel.error(.notFound)]
            driver.model.write("l", "1", in: "B")
            driver.model.remove("A")
        }
        driver.run(until: .seconds(20))
        #expect(driver.gaps == [StreamGap(reason: .vanished, shardID: "A")])
        #expect(driver.records == ["B:l=1"])
    }

    @Test("situation 17: a service that gives no iterator is asked a bounded number of times, then it is a gap")
    func noIterator() {
        var machine = StreamMachine(start: .trimHorizon, settings: StreamSettings(), seed: 1)
        var now = StreamTime(continuous: .zero, wallMilliseconds: 0)
        _ = machine.handle(.tick, at: now)
        let shard = Shard(id: "A", parentID: nil, startingSequenceNumber: nil, endingSequenceNumber: nil)
        var actions = machine.handle(
            .listed(
                StreamPage(
                    streamARN: "arn",
                    status: .enabled,
                    viewType: .newImage,
                    tableName: "demo",
                    shards: [shard],
                    lastEvaluatedShardID: nil
                )
            ),
            at: now
        )
        var asked = 0
        var gaps: [StreamGap] = []
        for _ in 0..<10_000 {
            var next: [StreamAction] = []
            for action in actions {
                if case .getIterator = action {
                    asked += 1
                    next += machine.handle(.iterator(shardID: "A", nil), at: now)
                }
                if case .gap(let gap) = action { gaps.append(gap) }
            }
            now.continuous += .milliseconds(50)
            actions = next + machine.handle(.tick, at: now)
        }
        #expect(asked == StreamLimits().missingIterators)
        #expect(gaps == [StreamGap(reason: .noIterator, shardID: "A")])
    }

    @Test("situation 14: a parent that is never listed as closed is ended by its empty pages once it has children")
    func openParent() {
        var model = StreamModel("A")
        model.shards["A"]?.staysListedOpen = true
        var driver = MachineDriver(model)
        driver.at(.seconds(2)) { driver in
            driver.model.write("k", "1", in: "A")
            driver.model.split("A", into: ["C"])
            driver.model.write("k", "2", in: "C")
        }
        driver.run(until: .seconds(60))
        #expect(driver.records == ["A:k=1", "C:k=2"])
    }

    @Test("situation 25: sequence numbers order as integers when their digits grow, and repeated records are dropped")
    func sequenceNumbersGrow() {
        var model = StreamModel("A", seed: 5)
        model.sequencePrefix = "99999999999999"
        model.lastSequence = 100_000
        model.repeats = 0.5
        var settings = StreamSettings()
        settings.recordLimit = 2
        var driver = MachineDriver(model, start: .trimHorizon, settings: settings)
        driver.at(.milliseconds(10)) { driver in
            // 20 digits become 21: as text, the later ones would be smaller.
            for value in 0..<30 {
                if value == 15 {
                    driver.model.sequencePrefix = "100000000000000"
                    driver.model.lastSequence = 100_000
                }
                driver.model.write("k", "\(value)", in: "A")
            }
        }
        driver.run(until: .seconds(20))
        #expect(driver.records == (0..<30).map { "A:k=\($0)" })
    }

    @Test("a consumer that takes nothing stops the reading at the bound")
    func backPressure() {
        var model = StreamModel()
        for index in 0..<40 {
            model.add("S\(100 + index)")
            for value in 0..<50 { model.write("k\(index)", "\(value)", in: "S\(100 + index)") }
        }
        var settings = StreamSettings()
        settings.recordLimit = 1
        var driver = MachineDriver(model, start: .trimHorizon, settings: settings)
        struct Refusal: Error {}
        driver.consumer = { _ in .stopped(items: 0, records: 0, cause: Refusal()) }
        driver.run(until: .seconds(2))
        #expect(driver.greatestPagesOut <= settings.limits.pagesInFlight)
        #expect(driver.calls("GetRecords").count <= settings.limits.pagesInFlight)
        driver.consumer = nil
        driver.run(until: .seconds(20))
        #expect(driver.records.count == 40 * 50)
    }

    @Test("what a consumer has not taken comes again, from the very record, and only that advances positions")
    func partialDelivery() throws {
        var model = StreamModel("A")
        for value in 0..<5 { model.write("k", "\(value)", in: "A") }
        var driver = MachineDriver(model, start: .trimHorizon)
        struct Refusal: Error {}
        var refusals = 1
        driver.consumer = { delivery in
            guard refusals > 0, case .records = delivery.items.last else { return .taken }
            refusals -= 1
            return .stopped(items: delivery.items.count - 1, records: 2, cause: Refusal())
        }
        _ = driver.run(limit: .seconds(5)) { $0.records.count == 2 }
        driver.run(until: driver.model.now + .milliseconds(1))
        let second = try #require(driver.model.shards["A"]?.records[1].sequenceNumber)
        #expect(driver.machine.state(streamARN: "arn").shards.map(\.position) == [.after(second)])
        driver.run(until: .seconds(5))
        #expect(driver.records == (0..<5).map { "A:k=\($0)" })
    }

    @Test("an interrupted run loses nothing: calls are made again and deliveries delivered again")
    func interruption() {
        var model = StreamModel("A")
        for value in 0..<5 { model.write("k", "\(value)", in: "A") }
        var driver = MachineDriver(model, start: .trimHorizon)
        for millisecond in [1, 3, 7, 12, 16, 17] as [Int64] {
            driver.at(.milliseconds(millisecond)) { driver in
                // Answers to calls of before the interruption must not be mistaken for new ones, so they are dropped.
                driver.interrupt()
            }
        }
        driver.run(until: .seconds(5))
        #expect(Set(driver.records) == Set((0..<5).map { "A:k=\($0)" }))
        #expect(driver.gaps.isEmpty)
    }
}
