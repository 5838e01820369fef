import DynamoDBClient
import StreamModel
import TableModel
import Testing

@testable import Replication

/// One shard fails for good: readers see what the others bring, and the status says which one, why and how far behind.
@Suite struct ReplicatorLastingFaultTests {
    @Test(
        "a quiet shard that fails for good holds back no write of another, and the status names it",
        arguments: [
            .fatal, .notFound, .expiredIterator, .accessDenied, .transient, .malformed,
        ] as [DynamoDBError.Kind]
    )
    func othersAreSeen(_ kind: DynamoDBError.Kind) async throws {
        let harness = ReplicatorHarness(StreamModel("A B"))
        try await harness.run { harness in
            await harness.waitLive()
            harness.endpoint.change { state in
                state.model.outages["GetRecords A"] = StreamModel.error(kind, "GetRecords", "shard A")
            }
            await harness.wait("the failing shard in the status") { harness in
                harness.status.shards.contains { $0.id == "A" && $0.lastError?.contains("shard A") == true }
            }
            // Through the time in which the shard would have gone back to its beginning, and beyond the greatest lag.
            for round in 0..<10 {
                harness.endpoint.change { $0.model.write("b", "\(round)", in: "B") }
                await harness.wait("write \(round) of the other shard") { $0.items["b"] == "\(round)" }
            }
            await harness.wait("a lag that tells") { harness in
                harness.status.shards.contains { $0.id == "A" && ($0.lagMilliseconds ?? 0) > 10_000 }
            }
            #expect(harness.status.rebuilds == 0)
            harness.endpoint.change { state in
                state.model.outages = [:]
                state.model.write("a", "1", in: "A")
            }
            await harness.waitLive()
            await harness.waitEqual()
        }
    }

    @Test("a record whose image cannot be read is completed with the table's item, and named once")
    func unreadableImage() async throws {
        let harness = ReplicatorHarness(StreamModel("A"))
        let kind = "INSERT whose NewImage cannot be read (unknown type)"
        try await harness.run { harness in
            await harness.waitLive()
            harness.endpoint.change { state in
                state.model.table["k"] = "1"
                state.model.lastSequence += 1
                state.model.append(state.model.record("k", nil, name: .unknown(kind)), to: "A")
                state.model.write("l", "1", in: "A")
            }
            await harness.waitEqual()
            #expect(harness.items == ["k": "1", "l": "1"])
            #expect(harness.observer.events.contains(.unknownRecord(eventName: kind, shardID: "A")))
        }
    }
}
