import Basics
import DynamoDBClient
import StreamModel
import Synchronization
import TableModel
import Testing

@testable import DynamoDBStream

/// Keeps events as words.
private final class Events: Sendable {
    private let words = Mutex<[String]>([])
    var all: [String] { words.withLock { $0 } }

    @Sendable func take(_ event: StreamEvent) {
        let word =
            switch event {
            case .insertRecord(let record, _): "insert \(MachineDriver.word(record))"
            case .modifyRecord(let record, _): "modify \(MachineDriver.word(record))"
            case .removeRecord(let record, _): "remove \(MachineDriver.word(record))"
            case .newShards(let shards): "new \(shards.map(\.id).joined(separator: ","))"
            case .removeShards(let ids): "gone \(ids.joined(separator: ","))"
            case .unknownRecord(let record, _): "unknown \(record.eventID)"
            }
        words.withLock { $0.append(word) }
    }
}

@Suite struct DynamoDBStreamTests {
    private let start = ContinuousClock.now

    /// Fifty times faster than real.
    private var time: TimeSource { time(hours: 0) }

    /// The same with a wall clock so many hours later.
    private func time(hours: Int64) -> TimeSource {
        let start = start
        return TimeSource(
            continuous: { (ContinuousClock.now - start) * 50 },
            wallMilliseconds: { 1_700_000_000_000 + hours * 3_600_000 },
            sleep: { try await Task.sleep(for: $0 / 50) },
            random: { Double.random(in: 0..<1) }
        )
    }

    @Test("tells the five events, in order, from the bookmark on, pass by pass")
    func fiveEvents() async throws {
        var model = StreamModel("A")
        model.write("before", "1")
        let client = ModelClient(model)
        let stream = try DynamoDBStream(streamARN: "arn", client: client, time: time)
        let events = Events()
        try await stream.fetchStreamState(events.take)
        #expect(events.all == ["new A"])
        client.change { model in
            model.write("k", "1")
            model.write("k", "2")
            model.split("A", into: ["B"])
            model.write("k", nil)
        }
        try await stream.fetchStreamState(events.take)
        // The listing that tells of B and the reading of A go on side by side; the records of B come after both.
        #expect(events.all.filter { $0 != "new B" } == ["new A", "insert k=1", "modify k=2", "gone A", "remove k"])
        #expect(events.all.dropFirst().dropLast().filter { $0 == "new B" }.count == 1)
    }

    @Test("a consumer that throws loses nothing: the event and what follows come again")
    func throwingConsumer() async throws {
        struct Refusal: Error {}
        var model = StreamModel("A")
        for value in 0..<4 { model.write("k", "\(value)") }
        let stream = try DynamoDBStream(
            streamARN: "arn",
            client: ModelClient(model),
            fromOldestRecord: true,
            time: time
        )
        let events = Events()
        let refusals = Mutex(1)
        let consumer: DynamoDBStream.Consumer = { event in
            if case .modifyRecord(let record, _) = event, MachineDriver.word(record) == "k=2",
                refusals.withLock({ count in
                    defer { count -= 1 }
                    return count > 0
                })
            {
                throw Refusal()
            }
            events.take(event)
        }
        await #expect { try await stream.fetchStreamState(consumer) } throws: { error in
            guard case DynamoDBStreamError.consumer(let cause) = error else { return false }
            return cause is Refusal
        }
        #expect(events.all == ["new A", "insert k=0", "modify k=1"])
        try await stream.fetchStreamState(consumer)
        #expect(events.all == ["new A", "insert k=0", "modify k=1", "modify k=2", "modify k=3"])
    }

    @Test("a stream that begins with a saved state continues after it; a foreign state is refused with words")
    func savedState() async throws {
        var model = StreamModel("A")
        model.write("k", "1")
        let client = ModelClient(model)
        let first = try DynamoDBStream(streamARN: "arn", client: client, fromOldestRecord: true, time: time)
        try await first.fetchStreamState { _ in }
        let saved = try ShardState(decoding: await first.shardState.encoded())
        client.change { $0.write("k", "2") }
        let second = try DynamoDBStream(streamARN: "arn", client: client, shardState: saved, time: time)
        let events = Events()
        try await second.fetchStreamState(events.take)
        #expect(events.all == ["modify k=2"])
        #expect {
            try DynamoDBStream(streamARN: "other", client: client, shardState: saved, time: time)
        } throws: { error in
            "\(error)"
                == "the shard state belongs to stream arn, not to other. Read the table again and start without it."
        }
    }

    @Test("a state that is older than the stream's records is a gap, whatever its positions, until its owner goes on")
    func oldState() async throws {
        let client = ModelClient(StreamModel("A B"))
        let first = try DynamoDBStream(streamARN: "arn", client: client, time: time)
        #expect(await first.shardState.readAt == nil)
        try await first.fetchStreamState { _ in }
        let saved = try ShardState(decoding: await first.shardState.encoded())
        #expect(saved.readAt == 1_700_000_000_000)
        client.change { $0.write("k", "1") }

        let soon = try DynamoDBStream(streamARN: "arn", client: client, shardState: saved, time: time(hours: 22))
        try await soon.fetchStreamState { _ in }
        #expect(await soon.shardState.readAt == 1_700_000_000_000 + 22 * 3_600_000)

        let late = try DynamoDBStream(streamARN: "arn", client: client, shardState: saved, time: time(hours: 30))
        let events = Events()
        for _ in 0..<2 {
            await #expect { try await late.fetchStreamState(events.take) } throws: { error in
                "\(error)"
                    == "the stream has a gap: the stream was not read for longer than it keeps records. "
                    + "Read the table again and start anew, or call continueAfterGap()."
            }
        }
        #expect(events.all == ["insert k=1"])
        // What is saved now is no younger for it.
        #expect(await late.shardState.readAt == saved.readAt)
        await late.continueAfterGap()
        client.change { $0.write("k", "2") }
        try await late.fetchStreamState(events.take)
        #expect(events.all == ["insert k=1", "modify k=2"])
        #expect(await late.shardState.readAt == 1_700_000_000_000 + 30 * 3_600_000)
    }

    @Test("a pass that could not read everything makes the state no younger")
    func partialPass() async throws {
        let client = ModelClient(StreamModel("A B"))
        let stream = try DynamoDBStream(streamARN: "arn", client: client, time: time)
        client.change { $0.outages["GetRecords B"] = StreamModel.error(.accessDenied) }
        await #expect(throws: DynamoDBStreamError.self) { try await stream.fetchStreamState { _ in } }
        #expect(await stream.shardState.readAt == nil)
        client.change { $0.outages = [:] }
        try await stream.fetchStreamState { _ in }
        #expect(await stream.shardState.readAt != nil)
    }

    @Test("overlapping calls wait for each other, and no event comes twice")
    func overlapping() async throws {
        var model = StreamModel("A B")
        for value in 0..<20 { model.write("k\(value)", "1") }
        let stream = try DynamoDBStream(
            streamARN: "arn",
            client: ModelClient(model),
            fromOldestRecord: true,
            time: time
        )
        let events = Events()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<5 { group.addTask { try await stream.fetchStreamState(events.take) } }
            try await group.waitForAll()
        }
        #expect(events.all.filter { $0.hasPrefix("insert") }.count == 20)
    }

    @Test(
        "a shard that cannot be read is an error after the others were delivered; a gap stays one until it is accepted"
    )
    func failures() async throws {
        var model = StreamModel("A B")
        model.write("k", "1", in: "A")
        model.write("l", "1", in: "B")
        model.outages["GetRecords B"] = StreamModel.error(.accessDenied)
        let client = ModelClient(model)
        let stream = try DynamoDBStream(streamARN: "arn", client: client, fromOldestRecord: true, time: time)
        let events = Events()
        await #expect { try await stream.fetchStreamState(events.take) } throws: { error in
            guard case DynamoDBStreamError.shards(let errors) = error else { return false }
            return Array(errors.keys) == ["B"]
        }
        #expect(events.all.filter { $0.hasPrefix("insert") } == ["insert k=1"])
        client.change { model in
            model.outages = [:]
            model.faults["GetRecords A"] = [StreamModel.error(.trimmed)]
        }
        for _ in 0..<2 {
            await #expect { try await stream.fetchStreamState(events.take) } throws: { error in
                "\(error)".hasPrefix("the stream has a gap: records of shard A were trimmed before they were read.")
            }
        }
        #expect(events.all.filter { $0.hasPrefix("insert") } == ["insert k=1", "insert l=1"])
        await stream.continueAfterGap()
        client.change { $0.write("k", "2", in: "A") }
        try await stream.fetchStreamState(events.take)
        #expect(events.all.contains("modify k=2"))
    }

    @Test("the hook comes before the events, with their number, and can put them off")
    func hook() async throws {
        struct NotNow: Error {}
        var model = StreamModel("A")
        model.write("k", "1")
        let counts = Mutex<[Int]>([])
        let stream = try DynamoDBStream(
            streamARN: "arn",
            client: ModelClient(model),
            fromOldestRecord: true,
            time: time,
            beforeEvents: { count in
                let isFirst = counts.withLock { counts in
                    counts.append(count)
                    return counts.count == 1
                }
                if isFirst { throw NotNow() }
            }
        )
        let events = Events()
        await #expect(throws: DynamoDBStreamError.self) { try await stream.fetchStreamState(events.take) }
        #expect(events.all.isEmpty)
        try await stream.fetchStreamState(events.take)
        #expect(events.all == ["new A", "insert k=1"])
    }

    @Test("a consumer that throws is not called again before the next call")
    func throwsOnce() async throws {
        struct NotNow: Error {}
        var model = StreamModel("A")
        for value in 0..<5 { model.write("k", "\(value)", in: "A") }
        let calls = Mutex(0)
        let stream = try DynamoDBStream(
            streamARN: "arn",
            client: ModelClient(model),
            fromOldestRecord: true,
            time: time
        )
        for round in 1...300 {
            await #expect(throws: DynamoDBStreamError.self) {
                try await stream.fetchStreamState { _ in
                    calls.withLock { $0 += 1 }
                    throw NotNow()
                }
            }
            #expect(calls.withLock { $0 } == round)
        }
    }

    @Test("a closed stream ends its pass and refuses the next")
    func close() async throws {
        let stream = try DynamoDBStream(streamARN: "arn", client: ModelClient(StreamModel("A")), time: time)
        await stream.close()
        await #expect { try await stream.fetchStreamState { _ in } } throws: { "\($0)" == "the stream was closed" }
    }
}
