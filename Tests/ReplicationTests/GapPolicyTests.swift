import DynamoDBClient
import DynamoDBStream
import ReplicaStore
import StreamModel
import Testing

@testable import Replication

@Suite struct GapPolicyTests {
    private func harness(_ policy: GapPolicy, factor: Int = 20) -> ReplicatorHarness {
        var model = StreamModel("A")
        for index in 0..<9 { model.write("k\(index)", "0") }
        return ReplicatorHarness(model, factor: factor) {
            $0.gapPolicy = policy
            // A machine that stands still for a moment must not make the replica stale by its lag.
            $0.maximumLag = .seconds(3_600)
        }
    }

    @Test("rebuild-refusing serves nothing until the new contents are complete")
    func refusing() async throws {
        try await harness(.rebuildRefusing).run { harness in
            await harness.waitLive()
            let before = harness.store.snapshot?.position.epoch
            harness.endpoint.change { state in
                state.model.outages["GetRecords A"] = StreamModel.error(.trimmed)
            }
            await harness.wait("withheld") { $0.store.snapshot == nil && $0.status.isWithheld }
            #expect(harness.status.state == .rebuilding)
            #expect(harness.status.reasonCode == .gap)
            harness.endpoint.change { $0.model.outages = [:] }
            await harness.waitLive()
            #expect(!harness.status.isWithheld)
            #expect(harness.items == harness.table)
            #expect(harness.store.snapshot?.position.epoch != before)
        }
    }

    @Test(
        "exit ends replication with status 1 and the reason, also for a gap before the first publication",
        arguments: [true, false]
    )
    func exit(isLive: Bool) async throws {
        let harness = harness(.exit)
        harness.endpoint.change { state in
            if !isLive { state.hanging = ["Scan"] }
        }
        let running = Task { await harness.failure() }
        if isLive {
            await harness.waitLive()
        } else {
            await harness.wait("the scan") { $0.status.reasonCode == .scanning }
        }
        harness.endpoint.change { $0.model.outages["GetRecords A"] = StreamModel.error(.trimmed) }
        let failure = await running.value
        #expect(failure?.exitCode == 1)
        #expect(
            failure?.description
                == "the replica can no longer follow its table: records of shard A were trimmed before they were read. "
                + "--on-gap=exit ends the process then; start it again to read the table anew, or choose rebuild-serving."
        )
    }

    @Test("gaps that come back at once are met with growing waits, not with a loop of rebuilds")
    func backoff() async throws {
        try await harness(.rebuildServing, factor: 100).run { harness in
            await harness.waitLive()
            harness.endpoint.change { $0.model.outages["GetRecords A"] = StreamModel.error(.trimmed) }
            let began = harness.time.now
            await harness.wait("rebuilds") { $0.time.now - began >= .seconds(60) }
            #expect(harness.status.rebuilds >= 2)
            #expect(harness.status.rebuilds <= 8)
            #expect(harness.status.state == .rebuilding)
            #expect(harness.items.count == 9)
        }
    }

    @Test("a table that is deleted makes the replica stale by name, and its successor makes it live by itself")
    func deletedTable() async throws {
        try await harness(.rebuildServing).run { harness in
            await harness.waitLive()
            harness.endpoint.change { state in
                state.model.outages["DescribeTable"] = StreamModel.error(.notFound, "DescribeTable", "demo")
            }
            await harness.wait("stale") { $0.status.reasonCode == .tableMissing }
            #expect(harness.status.state == .stale)
            #expect(harness.items.count == 9)
            harness.endpoint.change { state in
                state.model.outages = [:]
                state.model.streamARN += "-second"
                state.model.remove("A")
                state.model.shards = [:]
                state.model.add("Z")
                state.model.table = ["only": "1"]
            }
            await harness.wait("the new table") { $0.status.state == .live && $0.items == ["only": "1"] }
            #expect(harness.status.departures[.tableMissing] == 1)
        }
    }

    @Test("a stream that is being enabled is waited for, by name")
    func enabling() async throws {
        var model = StreamModel("")
        model.status = .enabling
        let harness = ReplicatorHarness(model) { $0.stream.discoveryInterval = .seconds(1) }
        try await harness.run { harness in
            await harness.wait("the reason") { $0.status.reasonCode == .streamEnabling }
            #expect(harness.status.state == .syncing)
            harness.endpoint.change { state in
                state.model.status = .enabled
                state.model.add("A")
            }
            await harness.waitLive()
        }
    }
}
