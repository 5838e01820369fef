import DynamoDBClient
import StreamModel
import TableModel
import Testing

@testable import DynamoDBStream

/// A fault of one shard that lasts: the others go on, what is said of it is true, and nothing is lost when it ends.
@Suite struct LastingFaultTests {
    private static let kinds: [DynamoDBError.Kind] = [
        .fatal, .notFound, .expiredIterator, .accessDenied, .transient, .malformed, .throttled,
    ]

    @Test(
        "a shard that has delivered nothing and keeps failing holds back no other one, and is named with its lag",
        arguments: kinds
    )
    func othersGoOn(_ kind: DynamoDBError.Kind) throws {
        var driver = MachineDriver(StreamModel("A B"))
        driver.tellsTime = true
        driver.at(.seconds(5)) { $0.model.outages["GetRecords A"] = StreamModel.error(kind, "GetRecords", "shard A") }
        driver.at(.seconds(6)) { $0.model.write("a", "1", in: "A") }
        driver.at(.seconds(30)) { $0.model.write("b", "1", in: "B") }
        driver.run(until: .seconds(31))
        #expect(driver.records == ["B:b=1"])
        #expect(!driver.machine.lineage.isReplaying)
        let view = driver.machine.view(at: driver.now)
        let shard = try #require(view.shards.first { $0.id == "A" })
        #expect(shard.lastError?.kind == kind)
        #expect((shard.lagMilliseconds ?? 0) > 20_000)
        #expect(view.shards.first { $0.id == "B" }?.lagMilliseconds == 0)
        driver.at(.seconds(60)) { $0.model.outages = [:] }
        driver.run(until: .seconds(90))
        #expect(driver.records == ["B:b=1", "A:a=1"])
        #expect(driver.gaps.isEmpty)
        #expect(driver.machine.view(at: driver.now).lagMilliseconds == 0)
    }

    @Test("a bad answer says nothing about the iterator, which is kept")
    func keepsIterator() {
        var driver = MachineDriver(StreamModel("A"))
        driver.at(.seconds(5)) { $0.model.outages["GetRecords A"] = StreamModel.error(.fatal) }
        driver.at(.seconds(200)) { $0.model.outages = [:] }
        driver.at(.seconds(201)) { $0.model.write("k", "1", in: "A") }
        driver.run(until: .seconds(220))
        #expect(driver.calls("GetShardIterator") == ["GetShardIterator A LATEST"])
        #expect(driver.records == ["A:k=1"])
    }

    @Test("a shard that is lost before its first iterator resumes with its oldest record, not with the newest")
    func lostBeforeFirstIterator() {
        var model = StreamModel("A")
        model.faults["GetShardIterator A"] = Array(repeating: StreamModel.error(.trimmed), count: 4)
        var driver = MachineDriver(model)
        driver.run(until: .seconds(5))
        #expect(driver.gaps == [StreamGap(reason: .trimmed, shardID: "A")])
        driver.model.write("k", "1", in: "A")
        driver.machine.continueAfterGaps()
        driver.run(until: .seconds(10))
        #expect(driver.calls("GetShardIterator").last == "GetShardIterator A TRIM_HORIZON")
        #expect(driver.records == ["A:k=1"])
    }

    @Test("an iterator that the service goes on refusing is replaced")
    func replacesRefusedIterator() {
        var driver = MachineDriver(StreamModel("A"))
        driver.at(.seconds(5)) { driver in
            driver.model.outages["GetRecords A"] = DynamoDBError(
                kind: .fatal,
                operation: "GetRecords",
                subject: "shard A",
                code: "ValidationException",
                message: "Invalid ShardIterator",
                hint: ""
            )
        }
        driver.run(until: .seconds(60))
        #expect(driver.calls("GetShardIterator").count == 1)
        driver.run(until: .seconds(120))
        #expect(driver.calls("GetShardIterator").dropFirst().first == "GetShardIterator A TRIM_HORIZON")
    }

    @Test("what a replay reads is held until its head, while others are delivered; the position stays where it was")
    func holdsReplay() {
        var settings = StreamSettings()
        settings.recordLimit = 1
        var driver = MachineDriver(StreamModel("A B"), settings: settings)
        driver.tellsTime = true
        driver.at(.seconds(3_600)) { driver in
            driver.model.faults["GetRecords A"] = [StreamModel.error(.expiredIterator)]
            for value in 0..<300 { driver.model.write("a", "\(value)", in: "A") }
            // Each page of A takes its time.
            driver.latency = { _, _ in .milliseconds(50) }
        }
        driver.at(.seconds(3_605)) { $0.model.write("b", "1", in: "B") }
        driver.run(until: .seconds(3_606))
        #expect(driver.machine.lineage.isReplaying)
        #expect(driver.records == ["B:b=1"])
        let entry = driver.machine.state(streamARN: "s").shards.first { $0.shardID == "A" }
        if case .since = entry?.position {} else { Issue.record("the position is \(String(describing: entry))") }
        driver.run(until: .seconds(3_640))
        #expect(driver.records == ["B:b=1"] + (0..<300).map { "A:a=\($0)" })
        // All of it at once.
        let withA = driver.deliveries.filter { delivery in
            delivery.items.contains { if case .records("A", _) = $0 { true } else { false } }
        }
        #expect(withA.count == 1)
        #expect(withA.first?.items.last == .replayed(shardID: "A"))
        #expect(driver.machine.delivery.heldBytes == 0)
        #expect(driver.machine.delivery.queuedPages == 0)
    }

    @Test("a replay of more than may be held is a gap that says so")
    func replayTooLarge() {
        var settings = StreamSettings()
        settings.limits.replayBytes = 2_000
        var driver = MachineDriver(StreamModel("A"), settings: settings)
        driver.at(.seconds(3_600)) { driver in
            driver.model.faults["GetRecords A"] = [StreamModel.error(.expiredIterator)]
            for value in 0..<30 { driver.model.write("a", "\(value)", in: "A") }
        }
        driver.run(until: .seconds(3_610))
        #expect(driver.records.isEmpty)
        #expect(driver.gaps == [StreamGap(reason: .replayTooLarge, shardID: "A")])
        driver.machine.continueAfterGaps()
        driver.run(until: .seconds(3_620))
        #expect(driver.records == (0..<30).map { "A:a=\($0)" })
    }

    @Test(
        "a page that is repeated without end is asked for no more often than an empty one, and counts as one in the end"
    )
    func endlessRepetition() {
        var driver = MachineDriver(StreamModel("A B"), start: .trimHorizon)
        driver.tellsTime = true
        driver.model.repeats = 1
        driver.at(.seconds(1)) { $0.model.write("k", "1", in: "A") }
        driver.run(until: .seconds(10))
        let before = driver.calls("GetRecords A").count
        driver.run(until: .seconds(40))
        #expect((100...125).contains(driver.calls("GetRecords A").count - before))
        #expect(driver.records == ["A:k=1"])
        #expect(driver.machine.view(at: driver.now).lagMilliseconds == 0)
    }

    @Test("a listing of more shards than are kept fails with the reason, and what is known is followed on")
    func tooManyShards() {
        var settings = StreamSettings()
        settings.limits.shards = 10
        settings.discoveryInterval = .seconds(5)
        var driver = MachineDriver(StreamModel("A"), settings: settings)
        driver.at(.seconds(2)) { driver in
            for index in 0..<11 { driver.model.add("N\(index)") }
        }
        driver.at(.seconds(20)) { $0.model.write("k", "1", in: "A") }
        driver.run(until: .seconds(21))
        #expect(driver.records == ["A:k=1"])
        #expect(driver.machine.lineage.cursors.count == 1)
        let error = driver.machine.view(at: driver.now).lastError
        #expect(error?.code == "TooManyShards")
        #expect(
            error?.description.contains("has more than 10 shards, which is more than are kept in memory") ?? false
        )
    }

    @Test("a record without a creation time is delivered, and is no evidence that its shard is fresh")
    func noCreationTime() throws {
        var driver = MachineDriver(StreamModel("A"), start: .trimHorizon)
        driver.at(.seconds(1)) { driver in
            driver.model.write("k", "1", in: "A")
            let record = driver.model.shards["A"]?.records.removeLast()
            guard let record else { return }
            let bare = StreamRecord(
                eventID: record.eventID,
                eventName: record.eventName,
                eventVersion: record.eventVersion,
                keys: record.keys,
                newImage: record.newImage,
                oldImage: record.oldImage,
                sequenceNumber: record.sequenceNumber,
                approximateCreationMilliseconds: nil,
                userIdentity: nil
            )
            driver.model.shards["A"]?.records.append(bare)
        }
        driver.run(until: .milliseconds(1_400))
        #expect(driver.records == ["A:k=1"])
        #expect(driver.machine.lineage["A"]?.evidence.newestCreation == nil)
        driver.run(until: .seconds(10))
        #expect(driver.machine.view(at: driver.now).lagMilliseconds == 0)
    }
}
