import DynamoDBClient
import StreamModel
import TableModel
import Testing

@testable import DynamoDBStream

@Suite struct StreamMachineStateTests {
    @Test(
        "begins again after the saved positions, and reads what was written in between, shards that came and went included"
    )
    func restart() throws {
        var driver = MachineDriver(StreamModel("A B"))
        driver.at(.seconds(1)) { $0.model.write("k", "1", in: "A") }
        driver.run(until: .seconds(3))
        let saved = driver.machine.state(streamARN: "arn")

        var model = driver.model
        model.calls = []
        model.write("k", "2", in: "A")
        model.split("A", into: ["C"])
        model.write("k", "3", in: "C")
        model.split("C", into: ["D"])
        model.write("k", "4", in: "D")
        model.write("l", "1", in: "B")
        var again = MachineDriver(model, start: .state(try ShardState(decoding: saved.encoded())))
        again.run(until: model.now + .seconds(10))
        #expect(Set(again.records) == ["A:k=2", "C:k=3", "D:k=4", "B:l=1"])
        #expect(again.records.filter { $0.contains("k=") } == ["A:k=2", "C:k=3", "D:k=4"])
        #expect(again.calls("GetShardIterator").allSatisfy { !$0.hasSuffix("LATEST") })
        #expect(again.gaps.isEmpty)
    }

    @Test("an ended shard counts as lag for as long as its children cannot be looked for, however long that is")
    func hiddenChildren() {
        var driver = MachineDriver(StreamModel("A"))
        driver.at(.seconds(3)) { driver in
            driver.model.outages["DescribeStream"] = StreamModel.error(.accessDenied, "DescribeStream")
            driver.model.split("A", into: ["C"])
            driver.model.write("k", "1", in: "C")
        }
        driver.run(until: .seconds(240))
        let blind = driver.machine.view(at: StreamTime(continuous: .seconds(240), wallMilliseconds: 0))
        #expect((blind.lagMilliseconds ?? 0) > 200_000)
        #expect(blind.lastError?.kind == .accessDenied)
        driver.model.outages = [:]
        driver.run(until: .seconds(400))
        #expect(driver.records == ["C:k=1"])
        let seeing = driver.machine.view(at: driver.machine.now)
        #expect(seeing.lagMilliseconds == 0)
    }

    @Test("a saved shard that vanished unread is a gap, one that vanished after its end is none")
    func vanishedShards() throws {
        var driver = MachineDriver(StreamModel("A B"))
        driver.at(.seconds(1)) { $0.model.split("A", into: ["C"]) }
        driver.run(until: .seconds(5))
        let saved = driver.machine.state(streamARN: "arn")
        var model = driver.model
        model.remove("A")
        model.remove("B")
        var again = MachineDriver(model, start: .state(saved))
        again.run(until: model.now + .seconds(20))
        #expect(again.gaps == [StreamGap(reason: .vanished, shardID: "B")])
    }

    @Test("a saved child of shards that were created and trimmed meanwhile is a gap")
    func missedGeneration() {
        var driver = MachineDriver(StreamModel("A"))
        driver.at(.seconds(1)) { $0.model.close("A") }
        driver.run(until: .seconds(5))
        let saved = driver.machine.state(streamARN: "arn")
        var model = driver.model
        model.add("B", parent: "A")
        model.split("B", into: ["C"])
        model.remove("A")
        model.remove("B")
        var again = MachineDriver(model, start: .state(saved))
        again.run(until: model.now + .seconds(60))
        #expect(again.gaps == [StreamGap(reason: .missingParent, shardID: "C")])
    }

    @Test("lag is 0 while idle, however long, never negative, and grows while a shard cannot be read")
    func lag() {
        var driver = MachineDriver(StreamModel("A"))
        driver.run(until: .seconds(600))
        #expect(driver.machine.view(at: driver.now).lagMilliseconds == 0)
        // A clock that runs behind the table's.
        var early = driver.now
        early.wallMilliseconds -= 60_000
        driver.model.write("k", "1", in: "A")
        driver.run(until: .seconds(601))
        #expect(driver.machine.view(at: early).lagMilliseconds == 0)
        driver.model.outages["GetRecords A"] = StreamModel.error(.accessDenied)
        driver.run(until: .seconds(661))
        let view = driver.machine.view(at: driver.now)
        #expect((59_000...61_000).contains(view.lagMilliseconds ?? -1))
        #expect(view.lastError?.kind == .accessDenied)
        driver.model.outages = [:]
        driver.run(until: .seconds(671))
        #expect(driver.machine.view(at: driver.now).lagMilliseconds == 0)
        #expect(driver.machine.view(at: driver.now).lastError == nil)
    }

    @Test("between two reads nothing lags, and the time since the last one is known all the same")
    func unread() {
        var driver = MachineDriver(StreamModel("A"))
        driver.run(until: .seconds(600))
        driver.model.outages["GetRecords A"] = StreamModel.error(.transient)
        driver.run(until: .seconds(601))
        let view = driver.machine.view(at: driver.now)
        #expect(view.lagMilliseconds == 0)
        #expect((1_000...1_500).contains(view.unreadMilliseconds ?? -1))
    }

    @Test("a shard that is behind lags by the age of its newest record")
    func lagOfABacklog() {
        var model = StreamModel("A")
        for value in 0..<100 { model.write("k", "\(value)", in: "A") }
        model.now = .seconds(3_600)
        var settings = StreamSettings()
        settings.recordLimit = 1
        var driver = MachineDriver(model, start: .trimHorizon, settings: settings)
        driver.latency = { _, _ in .milliseconds(100) }
        driver.run(until: .seconds(3_605))
        let lag = driver.machine.view(at: driver.now).lagMilliseconds ?? 0
        #expect((3_600_000...3_606_000).contains(lag))
    }

    @Test("has caught up when each open shard answered with several empty pages, spread over time, since the moment")
    func caughtUpWhileIdle() {
        var driver = MachineDriver(StreamModel("A B"))
        driver.run(until: .seconds(10))
        let moment = driver.now
        let isReadyAtOnce = driver.machine.hasCaughtUp(since: moment)
        #expect(!isReadyAtOnce)
        let isReady = driver.run(limit: .seconds(13)) { $0.machine.hasCaughtUp(since: moment) }
        #expect(isReady)
        #expect(driver.model.now - moment.continuous >= .seconds(1))
        #expect(driver.model.now - moment.continuous <= .milliseconds(2_000))
    }

    @Test("has not caught up while a shard fails, a parent is unread, or a delivery is not taken")
    func notCaughtUp() {
        var model = StreamModel("A B")
        model.outages["GetRecords B"] = StreamModel.error(.throttled)
        var driver = MachineDriver(model)
        driver.run(until: .seconds(30))
        let moment = driver.now
        driver.run(until: .seconds(60))
        let isReady = driver.machine.hasCaughtUp(since: moment)
        #expect(!isReady)
        driver.model.outages = [:]
        let becomesReady = driver.run(limit: .seconds(80)) { $0.machine.hasCaughtUp(since: moment) }
        #expect(becomesReady)
    }

    @Test("a record from after the moment is evidence, too, so a busy shard is caught up without an empty page")
    func caughtUpWhileBusy() {
        #expect(isReady(tellsTime: true, within: .seconds(9)))
    }

    @Test("the moment is taken by the service's clock also where that was not known before the first answer")
    func caughtUpOnceTheTimeIsKnown() {
        #expect(!isReady(tellsTime: true, skew: -172_000, isToldLate: true, within: .seconds(1)))
        #expect(isReady(tellsTime: true, skew: -172_000, isToldLate: true, within: .seconds(9)))
    }

    @Test(
        "where the service does not tell its time, no record is evidence by a clock that may be behind, but empty pages are"
    )
    func caughtUpWithoutItsTime() {
        #expect(!isReady(tellsTime: false, skew: -172_000, within: .seconds(9)))
        #expect(isReady(tellsTime: false, skew: -172_000, within: .seconds(60)))
    }

    /// Whether a shard that is written to for ten seconds is taken for caught up with the moment of its first one.
    private func isReady(
        tellsTime: Bool,
        skew: Int64 = 0,
        isToldLate: Bool = false,
        within patience: Duration
    ) -> Bool {
        var driver = MachineDriver(StreamModel("A"))
        driver.skew = skew
        driver.tellsTime = tellsTime && !isToldLate
        for tick in 0..<200 {
            driver.at(.milliseconds(5_000 + Int64(tick) * 50)) { $0.model.write("k", "\(tick)", in: "A") }
        }
        driver.run(until: .seconds(6))
        let moment = driver.now
        driver.tellsTime = tellsTime
        return driver.run(limit: .seconds(6) + patience) { $0.machine.hasCaughtUp(since: moment) }
    }

    @Test("what has been read and not taken yet counts as lag")
    func lagOfUntakenPages() throws {
        let birth: Int64 = 1_700_000_000_000
        func time(_ seconds: Int64) -> StreamTime {
            StreamTime(continuous: .seconds(seconds), wallMilliseconds: birth + seconds * 1_000)
        }
        let state = ShardState(
            streamARN: "s",
            shards: [ShardState.Entry(shardID: "A", parentID: nil, position: .since(birth))]
        )
        var machine = StreamMachine(start: .state(state), settings: StreamSettings(), seed: 1)
        _ = machine.handle(.tick, at: time(0))
        _ = machine.handle(.iterator(shardID: "A", "0"), at: time(0))
        let written = StreamRecord(
            eventID: "1",
            eventName: .insert,
            eventVersion: "1.1",
            keys: Item(["id": .string("k")]),
            newImage: Item(["id": .string("k")]),
            oldImage: nil,
            sequenceNumber: try #require(SequenceNumber("100000000000000000001")),
            approximateCreationMilliseconds: birth + 1_800_000,
            userIdentity: nil
        )
        _ = machine.handle(
            .records(shardID: "A", RecordsPage(records: [written], nextIterator: "1")),
            at: time(1_800)
        )
        #expect((machine.view(at: time(1_800)).lagMilliseconds ?? 0) >= 1_799_000)
    }

    @Test(
        "how long a machine has been up says nothing about a saved state: what nothing was read of is gone on with, and is no lag",
        arguments: [Duration.zero, .seconds(24 * 3_600), .seconds(400 * 24 * 3_600)]
    )
    func uptime(_ uptime: Duration) {
        let bookmark: Int64 = 1_700_000_000_000
        let state = ShardState(
            streamARN: "s",
            shards: [
                ShardState.Entry(shardID: "A", parentID: nil, position: .ended, endedAt: bookmark),
                ShardState.Entry(shardID: "B", parentID: "A", position: .start),
                ShardState.Entry(shardID: "C", parentID: nil, position: .since(bookmark)),
            ]
        )
        var machine = StreamMachine(start: .state(state), settings: StreamSettings(), seed: 1)
        let time = StreamTime(continuous: uptime, wallMilliseconds: bookmark + 60_000)
        let actions = machine.handle(.tick, at: time)
        let asked = actions.compactMap { if case .getIterator(let shardID, .trimHorizon) = $0 { shardID } else { nil } }
        #expect(Set(asked) == ["B", "C"])
        let view = machine.view(at: time)
        #expect(view.gap == nil)
        #expect(view.lagMilliseconds == 0)
    }

    @Test("a pass reads everything readable to its head once, and ends")
    func pass() {
        var model = StreamModel("A! C<A B")
        for value in 0..<5 { model.write("k", "\(value)", in: value < 3 ? "A" : "C") }
        var driver = MachineDriver(model, start: .trimHorizon)
        driver.send(.beginPass)
        driver.run(until: .seconds(20))
        #expect(driver.passes == [[]])
        #expect(driver.records == (0..<5).map { ($0 < 3 ? "A" : "C") + ":k=\($0)" })
        let calls = driver.model.calls.count
        driver.run(until: .seconds(200))
        #expect(driver.model.calls.count == calls)
        driver.model.write("k", "9", in: "C")
        driver.send(.beginPass)
        driver.run(until: .seconds(220))
        #expect(driver.passes.count == 2)
        #expect(driver.records.last == "C:k=9")
    }

    @Test("a pass reports what it could not read and reads the rest")
    func failedPass() {
        var model = StreamModel("A B")
        model.write("k", "1", in: "A")
        model.outages["GetRecords B"] = StreamModel.error(.accessDenied)
        var driver = MachineDriver(model, start: .trimHorizon)
        driver.send(.beginPass)
        driver.run(until: .seconds(60))
        #expect(driver.records == ["A:k=1"])
        #expect(driver.passes == [[PassFailure(shardID: "B", error: StreamModel.error(.accessDenied))]])
        #expect(driver.calls("GetRecords B").count == StreamLimits().passAttempts)
    }

    @Test("what a restored shard replays from before its bookmark is held until its head, old records or not")
    func restoredReplay() throws {
        let number = try #require(SequenceNumber("100000000000000000001"))
        let bookmark: Int64 = 1_700_000_000_000
        let state = ShardState(
            streamARN: "s",
            shards: [ShardState.Entry(shardID: "A", parentID: nil, position: .since(bookmark))]
        )
        var machine = StreamMachine(start: .state(state), settings: StreamSettings(), seed: 1)
        // This machine's clock is some minutes behind the table's.
        let time = StreamTime(continuous: .seconds(1), wallMilliseconds: bookmark - 200_000)
        _ = machine.handle(.tick, at: time)
        _ = machine.handle(.iterator(shardID: "A", "0"), at: time)
        let old = StreamRecord(
            eventID: "1",
            eventName: .insert,
            eventVersion: "1.1",
            keys: Item(["id": .string("k")]),
            newImage: Item(["id": .string("k")]),
            oldImage: nil,
            sequenceNumber: number,
            approximateCreationMilliseconds: bookmark,
            userIdentity: nil
        )
        let actions = machine.handle(
            .records(shardID: "A", RecordsPage(records: [old], nextIterator: "1")),
            at: time
        )
        let deliveries = actions.compactMap { if case .deliver(let delivery) = $0 { delivery } else { nil } }
        #expect(deliveries.isEmpty)
        #expect(machine.lineage.isReplaying)
        #expect(machine.state(streamARN: "s") == state)
    }
}
