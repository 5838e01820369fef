import DynamoDBClient
import ReplicaStore
import StreamModel
import TestTools
import Testing

@testable import Replication

/// What readers are told while a part of replication is blocked. The watch shares nothing with it.
@Suite struct StallTests {
    enum Part: CaseIterable, Sendable { case replicator, poller, transport }

    /// The streams of an endpoint whose clock blocks the poller, and whose reads do not come back, on demand.
    private final class HeldStreams: DynamoDBStreamsAPI {
        let clock = Gate()
        let reads = Gate()
        private let endpoint: FakeEndpoint

        init(_ endpoint: FakeEndpoint) { self.endpoint = endpoint }

        /// Asked by the poller's actor before each input of its machine.
        var serviceTime: ServiceTime? {
            clock.pass()
            return endpoint.serviceTime
        }

        func describeStream(
            _ streamARN: String,
            exclusiveStartShardID: String?,
            childrenOf: String?
        ) async throws(DynamoDBError) -> StreamPage {
            try await endpoint.describeStream(
                streamARN,
                exclusiveStartShardID: exclusiveStartShardID,
                childrenOf: childrenOf
            )
        }

        func getShardIterator(
            _ streamARN: String,
            shardID: String,
            start: IteratorStart
        ) async throws(DynamoDBError) -> String? {
            try await endpoint.getShardIterator(streamARN, shardID: shardID, start: start)
        }

        func getRecords(iterator: String, shardID: String, limit: Int) async throws(DynamoDBError) -> RecordsPage {
            await reads.passSuspended()
            return try await endpoint.getRecords(iterator: iterator, shardID: shardID, limit: limit)
        }
    }

    @Test(
        "whatever is blocked, lag grows, the state is stale for that reason over the bound, and it is live again afterwards",
        arguments: Part.allCases
    )
    func blocked(_ part: Part) async throws {
        // The bound is three seconds of the test's time: a busy machine is no stall.
        let time = FastTime(factor: 10)
        var model = StreamModel("A")
        model.write("k", "1")
        let endpoint = FakeEndpoint(model, time: time)
        let streams = HeldStreams(endpoint)
        let observer = RecordingObserver()
        let replicator = Replicator(
            settings: ReplicationSettings(tableName: "demo"),
            table: endpoint,
            streams: streams,
            store: ReplicaStore(),
            time: time.source,
            observer: observer
        )
        let running = Task { try? await replicator.run() }
        #expect(await comesTrue { replicator.status.state == .live })
        // So that the state is no news of the start any more.
        #expect(await comesTrue { replicator.stateAndLag.lagMilliseconds.map { $0 < 30_000 } ?? false })
        let actor = Gate()
        switch part {
        case .replicator:
            actor.close()
            Task.detached { await replicator.hold(actor) }
        case .poller: streams.clock.close()
        case .transport: streams.reads.close()
        }
        let isStalled = await comesTrueElsewhere {
            replicator.watchForStalls()
            return replicator.status.reasonCode == .stalled
        } atLast: {
            let status = replicator.status
            #expect(status.state == .stale)
            #expect(status.lagMilliseconds ?? 0 > 30_000)
            #expect(status.shards.allSatisfy { $0.lagMilliseconds ?? 0 > 20_000 })
            #expect(status.reason.hasPrefix("replication has not completed a read for "))
            #expect(replicator.stateAndLag.state == .stale)
            replicator.watchForStalls()
            actor.open()
            streams.clock.open()
            streams.reads.open()
        }
        #expect(isStalled, "\(replicator.status.state) (\(replicator.status.reason))")
        let isBack = await comesTrueElsewhere {
            replicator.watchForStalls()
            return replicator.status.state == .live
        }
        #expect(isBack, "\(replicator.status.state) (\(replicator.status.reason))")
        #expect(replicator.status.reasonCode == .following)
        #expect(replicator.status.departures[.stalled] == 1)
        #expect(replicator.status.departures.values.reduce(0, +) == 1, "\(replicator.status.departures)")
        // It may have looked last just before replication went on.
        replicator.watchForStalls()
        let told = observer.events.filter { event in
            switch event {
            case .stateChanged, .reasonChanged, .stallEnded: true
            default: false
            }
        }
        let news = told.count { if case .stateChanged(_, to: .stale, code: .stalled, _) = $0 { true } else { false } }
        #expect(news == 1, "\(told)")
        let changes = told.count { if case .stateChanged(_, to: .stale, _, _) = $0 { true } else { false } }
        #expect(changes == 1, "\(told)")
        let ends = told.count { if case .stallEnded = $0 { true } else { false } }
        // Where only the reads are held, replication itself says that and when it goes on.
        #expect(ends <= 1 && (part == .transport || ends == 1), "\(told)")
        running.cancel()
        _ = await running.value
    }
}

extension Replicator {
    /// Blocks the actor, and a thread of the pool.
    func hold(_ gate: Gate) { gate.pass() }
}
