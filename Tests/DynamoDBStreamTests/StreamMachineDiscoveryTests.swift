import DynamoDBClient
import StreamModel
import TableModel
import Testing

@testable import DynamoDBStream

@Suite struct StreamMachineDiscoveryTests {
    @Test("opens at LATEST the open shards of the first discovery only, and does not read closed ones")
    func latestForOpenRoots() {
        var driver = MachineDriver(StreamModel("A! B C<A"))
        driver.run(until: .seconds(1))
        #expect(
            driver.calls("GetShardIterator").sorted() == ["GetShardIterator B LATEST", "GetShardIterator C LATEST"]
        )
        #expect(driver.bookmarkedAt != nil)
    }

    @Test("reads a child from its oldest record when its parent is being read, closed or not, and the parent first")
    func noLatestBelowAReadShard() {
        // A is listed as open although C already exists: it closed while the listing was made.
        var model = StreamModel("A C<A! D<C")
        model.write("k", "1", in: "C")
        model.write("k", "2", in: "D")
        var driver = MachineDriver(model)
        driver.at(.milliseconds(500)) { $0.model.close("A") }
        driver.run(until: .seconds(3))
        #expect(
            driver.calls("GetShardIterator") == [
                "GetShardIterator A LATEST", "GetShardIterator C TRIM_HORIZON", "GetShardIterator D TRIM_HORIZON",
            ]
        )
        #expect(driver.taken == ["+A", "+C", "+D", "-A", "C:k=1", "-C", "D:k=2"])
    }

    @Test("situation 1: applies what was written to a child before the child was listed")
    func childWrittenBeforeDiscovery() {
        var driver = MachineDriver(StreamModel("A"))
        driver.at(.seconds(2)) { driver in
            driver.model.split("A", into: ["C"], listedAfter: .seconds(8))
            for value in ["1", "2", "3"] { driver.model.write("k", value, in: "C") }
        }
        driver.run(until: .seconds(60))
        #expect(driver.records == ["C:k=1", "C:k=2", "C:k=3"])
        #expect(driver.calls("GetShardIterator").filter { $0.hasSuffix("LATEST") } == ["GetShardIterator A LATEST"])
    }

    @Test(
        "situations 2 and 11: follows an idle shard through generations, also ones closed before they were first listed"
    )
    func rotationWhileIdle() {
        var driver = MachineDriver(StreamModel("A"))
        driver.at(.seconds(2)) { driver in
            driver.model.split("A", into: ["C"])
            driver.model.write("k", "1", in: "C")
            driver.model.split("C", into: ["D"])
            driver.model.write("k", "2", in: "D")
        }
        driver.run(until: .seconds(20))
        #expect(driver.taken == ["+A", "-A", "+C", "C:k=1", "-C", "+D", "D:k=2"])
    }

    @Test("situation 10: takes the parent's records first when the child is listed first")
    func childListedFirst() throws {
        var model = StreamModel("C<A A!")
        model.write("k", "old", in: "A")
        model.write("k", "new", in: "C")
        var driver = MachineDriver(model, start: .trimHorizon)
        driver.run(until: .seconds(3))
        #expect(driver.records == ["A:k=old", "C:k=new"])
        let calls = driver.calls("Get")
        let child = try #require(calls.firstIndex(of: "GetShardIterator C TRIM_HORIZON"))
        let parent = try #require(calls.lastIndex(of: "GetRecords A"))
        #expect(child > parent)
    }

    @Test("situation 12: a shard whose parent was trimmed before the first discovery is a root")
    func missingParentAtFirst() {
        var model = StreamModel("C<A D<C")
        model.write("k", "1", in: "C")
        var driver = MachineDriver(model, start: .trimHorizon)
        driver.at(.seconds(1)) { $0.model.close("C") }
        driver.run(until: .seconds(5))
        #expect(driver.records == ["C:k=1"])
        #expect(driver.taken.contains("-C"))
        #expect(driver.gaps.isEmpty)
    }

    @Test("a shard found later whose parent is never listed is a gap, not a silent skip")
    func missingParentLater() {
        var driver = MachineDriver(StreamModel("A"))
        driver.at(.seconds(2)) { driver in
            driver.model.split("A", into: ["B"])
            driver.model.split("B", into: ["C"])
            driver.model.remove("B")
        }
        driver.run(until: .seconds(60))
        #expect(driver.gaps == [StreamGap(reason: .missingParent, shardID: "C")])
    }

    @Test("a parent that is listed a little later than its child is waited for")
    func lateParentIsWaitedFor() {
        var driver = MachineDriver(StreamModel("A"))
        driver.at(.seconds(2)) { driver in
            driver.model.split("A", into: ["B"], listedAfter: .seconds(10))
            driver.model.write("k", "1", in: "B")
            driver.model.split("B", into: ["C"])
            driver.model.write("k", "2", in: "C")
        }
        driver.run(until: .seconds(90))
        #expect(driver.records == ["B:k=1", "C:k=2"])
        #expect(driver.gaps.isEmpty)
    }

    @Test(
        "situation 9: lists 250 shards over pages, an empty page with a cursor among them, at most ten calls a second"
    )
    func pages() {
        var model = StreamModel()
        for index in 0..<250 { model.add("S\(1_000 + index)") }
        var driver = MachineDriver(model)
        driver.run(until: .seconds(5))
        #expect(driver.machine.lineage.cursors.count == 250)
        #expect(driver.bookmarkedAt != nil)
        let moments = driver.model.calls.filter { $0.call.hasPrefix("DescribeStream") }.map(\.at)
        #expect(moments.count >= 3)
        for (earlier, later) in zip(moments, moments.dropFirst()) { #expect(later - earlier >= .milliseconds(100)) }
    }

    @Test("situation 9: an empty page with a cursor is not the end of the listing")
    func emptyListingPage() {
        var machine = StreamMachine(start: .latest, settings: StreamSettings(), seed: 1)
        let now = StreamTime(continuous: .zero, wallMilliseconds: 0)
        _ = machine.handle(.tick, at: now)
        _ = machine.handle(.listed(page([], next: "X")), at: now)
        let later = StreamTime(continuous: .seconds(1), wallMilliseconds: 0)
        let actions = machine.handle(.tick, at: later)
        guard case .describe(exclusiveStart: "X") = actions.first else {
            Issue.record("expected the next page, got \(actions)")
            return
        }
        _ = machine.handle(.listed(page(["A"], next: nil)), at: later)
        #expect(machine.lineage.cursors.keys.sorted() == ["A"])
    }

    @Test("situation 9: a cursor that comes twice ends the listing with an error, and it is begun again")
    func repeatedCursor() {
        var machine = StreamMachine(start: .latest, settings: StreamSettings(), seed: 1)
        var now = StreamTime(continuous: .zero, wallMilliseconds: 0)
        _ = machine.handle(.tick, at: now)
        _ = machine.handle(.listed(page(["A"], next: "A")), at: now)
        now.continuous = .seconds(1)
        _ = machine.handle(.tick, at: now)
        let actions = machine.handle(.listed(page(["A"], next: "A")), at: now)
        guard case .trouble(nil, let error) = actions.first else {
            Issue.record("expected trouble, got \(actions)")
            return
        }
        #expect(error.code == "RepeatedCursor")
        #expect(machine.lineage.cursors.isEmpty)
        now.continuous = .seconds(10)
        guard case .describe(exclusiveStart: nil) = machine.handle(.tick, at: now).first else {
            Issue.record("expected a fresh listing")
            return
        }
    }

    @Test("situation 13: children that are listed late are looked for with bounded calls, and started once")
    func childrenListedLate() {
        var driver = MachineDriver(StreamModel("A B"))
        driver.at(.seconds(2)) { driver in
            driver.model.split("A", into: ["C"], listedAfter: .seconds(6))
            driver.model.write("k", "1", in: "C")
        }
        driver.run(until: .seconds(60))
        #expect(driver.records == ["C:k=1"])
        #expect(driver.calls("GetShardIterator C") == ["GetShardIterator C TRIM_HORIZON"])
        #expect(driver.calls("DescribeStream children of A").count <= 5)
        #expect(driver.calls("DescribeStream").count < 40)
        #expect(driver.calls("GetRecords B").count > 200)
    }

    @Test("an endpoint that ignores ShardFilter is served by full listings")
    func filterIgnored() {
        var model = StreamModel("A B")
        model.ignoresFilter = true
        var driver = MachineDriver(model)
        driver.at(.seconds(2)) { driver in
            driver.model.split("A", into: ["C"], listedAfter: .seconds(1))
            driver.model.write("k", "1", in: "C")
        }
        driver.run(until: .seconds(10))
        #expect(driver.records == ["C:k=1"])
        #expect(driver.calls("DescribeStream children of").count == 1)
    }

    @Test("a parent that only appears after its child was read is a gap when its records are missing")
    func lateParentIsAGap() {
        // While the first listing is made, A closes, B comes and goes and C begins; B is not listed yet.
        var model = StreamModel("A")
        model.add("B", parent: "A", listedAfter: .seconds(20))
        model.add("C", parent: "B")
        var driver = MachineDriver(model)
        driver.run(until: .seconds(40))
        #expect(driver.gaps == [StreamGap(reason: .lateParent, shardID: "B")])
        #expect(driver.machine.view(at: driver.now).gap == StreamGap(reason: .lateParent, shardID: "B"))
    }

    @Test(
        "case 19: an ended shard is not opened again while it is listed, flapping or not, and forgotten after 48 hours"
    )
    func endedShardsAreRemembered() {
        var driver = MachineDriver(StreamModel("A"), settings: slow)
        driver.at(.seconds(2)) { driver in
            driver.model.write("k", "1", in: "A")
            driver.model.split("A", into: ["C"])
        }
        driver.at(.seconds(3_600)) { $0.model.order.removeAll { $0 == "A" } }
        driver.at(.seconds(47 * 3_600)) { $0.model.order.insert("A", at: 0) }
        driver.at(.seconds(47 * 3_600 + 1_800)) { $0.model.remove("A") }
        driver.run(until: .seconds(47 * 3_600 + 3_000))
        #expect(driver.calls("GetShardIterator A").count == 1)
        #expect(driver.records == ["A:k=1"])
        driver.run(until: .seconds(50 * 3_600))
        #expect(driver.machine.lineage.cursors.keys.sorted() == ["C"])
    }

    @Test("situation 22: a stream that is being enabled is waited for, and its first shards are the first discovery")
    func enabling() {
        var model = StreamModel()
        model.status = .enabling
        var driver = MachineDriver(model)
        driver.at(.seconds(3)) { driver in
            driver.model.status = .enabled
            driver.model.add("A")
        }
        driver.run(until: .seconds(2))
        #expect(driver.bookmarkedAt == nil)
        driver.run(until: .seconds(6))
        #expect(driver.calls("GetShardIterator") == ["GetShardIterator A LATEST"])
        #expect(driver.bookmarkedAt != nil)
    }

    @Test("a stream without shards is bookmarked at once, and its first shard is read from its oldest record")
    func emptyStream() {
        var driver = MachineDriver(StreamModel())
        driver.at(.seconds(5)) { driver in
            driver.model.add("A")
            driver.model.write("k", "1", in: "A")
        }
        driver.run(until: .seconds(2))
        #expect(driver.bookmarkedAt != nil)
        driver.run(until: .seconds(40))
        #expect(driver.records == ["A:k=1"])
    }

    @Test("a stream that does not exist any more is a gap, said once, and looked for again")
    func streamGone() {
        var driver = MachineDriver(StreamModel("A"))
        driver.at(.seconds(10)) { $0.model.outages["DescribeStream"] = StreamModel.error(.notFound) }
        driver.run(until: .seconds(90))
        #expect(driver.gaps == [StreamGap(reason: .streamNotFound, shardID: nil)])
        #expect(driver.calls("DescribeStream").count < 80)
    }

    @Test("a failed page is asked for again and the listing goes on from there")
    func listingIsResumed() {
        var model = StreamModel()
        for index in 0..<150 { model.add("S\(1_000 + index)") }
        model.faults["DescribeStream after S1099"] = [StreamModel.error(.throttled), StreamModel.error(.transient)]
        var driver = MachineDriver(model)
        driver.run(until: .seconds(5))
        #expect(driver.machine.lineage.cursors.count == 150)
        #expect(driver.calls("DescribeStream all").count == 1)
        #expect(driver.calls("DescribeStream after S1099").count == 3)
    }

    private var slow: StreamSettings {
        var settings = StreamSettings()
        settings.pollInterval = .seconds(60)
        settings.discoveryInterval = .seconds(600)
        return settings
    }

    private func page(_ ids: [String], next: String?) -> StreamPage {
        StreamPage(
            streamARN: "arn",
            status: .enabled,
            viewType: .newImage,
            tableName: "demo",
            shards: ids.map {
                Shard(id: $0, parentID: nil, startingSequenceNumber: nil, endingSequenceNumber: nil)
            },
            lastEvaluatedShardID: next
        )
    }
}
