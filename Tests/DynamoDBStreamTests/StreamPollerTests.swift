import Basics
import DynamoDBClient
import StreamModel
import Synchronization
import TestTools
import Testing

@testable import DynamoDBStream

@Suite struct StreamPollerTests {
    @Test("a sleep that ends a moment before its time, as clocks that do not agree make it, does not end the reading")
    func earlyWake() async throws {
        let clock = Mutex(Duration.seconds(1))
        let time = TimeSource(
            continuous: { clock.withLock { $0 } },
            wallMilliseconds: { 1_700_000_000_000 },
            sleep: { duration in
                try Task.checkCancellation()
                await Task.yield()
                let early = Duration.microseconds(1)
                clock.withLock { $0 += duration > early ? duration - early : duration }
            },
            random: { 0.5 }
        )
        var model = StreamModel("A")
        model.write("k", "0")
        let client = ModelClient(model)
        let poller = StreamPoller(
            streamARN: "arn",
            api: client,
            start: .trimHorizon,
            settings: StreamSettings(),
            time: time
        )
        let taken = Mutex<[String]>([])
        let following = Task {
            try await poller.follow(notify: { _ in }) { delivery in
                for case .records(_, let records) in delivery.items {
                    taken.withLock { $0 += records.map(MachineDriver.word) }
                }
                return .taken
            }
        }
        for value in 0..<5 {
            let isTaken = await comesTrue(within: .seconds(10)) { taken.withLock { $0.last } == "k=\(value)" }
            #expect(isTaken, "k=\(value)")
            guard isTaken else { break }
            client.change { $0.write("k", "\(value + 1)") }
        }
        following.cancel()
        _ = await following.result
    }

    @Test("abandoned calls end and make room for a shard that responds; a cancelled run ends all calls")
    func abandonedCalls() async throws {
        let client = HangingClient(well: "W")
        var settings = StreamSettings()
        settings.limits.pagesInFlight = 2
        settings.limits.silentCallsInFlight = 2
        settings.limits.silentAfter = .milliseconds(20)
        let names = ["W"] + (0..<20).map { "S\(100 + $0)" }
        let entries = names.map { ShardState.Entry(shardID: $0, parentID: nil, position: .start, endedAt: nil) }
        let poller = StreamPoller(
            streamARN: "arn",
            api: client,
            start: .state(ShardState(streamARN: "arn", shards: entries)),
            settings: settings,
            time: .system
        )
        let following = Task { try await poller.follow(notify: { _ in }) { _ in .taken } }
        #expect(await comesTrue(within: .seconds(20)) { client.ended >= 10 && client.reads >= 10 })
        #expect(client.hanging <= 4)
        following.cancel()
        _ = await following.result
        #expect(client.hanging == 0)
    }

    @Test("nothing is kept of the calls of shards that have ended")
    func endedShards() async throws {
        let client = HangingClient(well: "W", others: .end)
        let names = ["W"] + (0..<20).map { "S\(100 + $0)" }
        let entries = names.map { ShardState.Entry(shardID: $0, parentID: nil, position: .start, endedAt: nil) }
        var settings = StreamSettings()
        settings.pollInterval = .milliseconds(10)
        let poller = StreamPoller(
            streamARN: "arn",
            api: client,
            start: .state(ShardState(streamARN: "arn", shards: entries)),
            settings: settings,
            time: .system
        )
        let following = Task { try await poller.follow(notify: { _ in }) { _ in .taken } }
        #expect(await comesTrue(within: .seconds(20)) { client.ended >= 20 && client.reads >= 10 })
        // Of the last to end the response may still be on its way.
        let inFlight = await poller.callsInFlight
        #expect(inFlight <= 2)
        following.cancel()
        _ = await following.result
    }
}

/// A stream of which one shard goes on. The reads of the others hang until they are cancelled, or say that the shard has ended.
private final class HangingClient: DynamoDBStreamsAPI {
    enum Reads { case hang, end }

    private let well: String
    private let others: Reads
    private let counts = Mutex((reads: 0, hanging: 0, ended: 0))

    init(well: String, others: Reads = .hang) {
        self.well = well
        self.others = others
    }

    var reads: Int { counts.withLock { $0.reads } }
    var hanging: Int { counts.withLock { $0.hanging } }
    var ended: Int { counts.withLock { $0.ended } }

    func describeStream(
        _ streamARN: String,
        exclusiveStartShardID: String?,
        childrenOf: String?
    ) async throws(DynamoDBError) -> StreamPage { throw StreamModel.error(.throttled) }

    func getShardIterator(_ streamARN: String, shardID: String, start: IteratorStart) async throws(DynamoDBError)
        -> String?
    { shardID }

    func getRecords(iterator: String, shardID: String, limit: Int) async throws(DynamoDBError) -> RecordsPage {
        guard shardID != well else {
            counts.withLock { $0.reads += 1 }
            return RecordsPage(records: [], nextIterator: iterator)
        }
        if others == .end {
            counts.withLock { $0.ended += 1 }
            return RecordsPage(records: [], nextIterator: nil)
        }
        counts.withLock { $0.hanging += 1 }
        defer {
            counts.withLock { counts in
                counts.hanging -= 1
                counts.ended += 1
            }
        }
        try? await Task.sleep(for: .seconds(600))
        throw StreamModel.error(.cancelled)
    }
}
