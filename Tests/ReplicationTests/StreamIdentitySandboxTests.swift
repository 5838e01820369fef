import DynamoDBClient
import DynamoDBStream
import DynamoSandbox
import ReplicaStore
import TableModel
import Testing

@testable import Replication

/// Case 22 over the real client: streams that are disabled and enabled anew, tables that are deleted and created again.
@Suite struct StreamIdentitySandboxTests {
    private func fixture() throws -> SandboxFixture {
        try SandboxFixture(
            change: {
                $0.stream.discoveryInterval = .milliseconds(300)
                $0.limits.tableCheckInterval = .milliseconds(200)
                $0.limits.troubledTableCheckInterval = .milliseconds(100)
            },
            prepare: { sandbox in
                for number in 0..<20 {
                    try sandbox.put(["id": .string("k\(number)"), "value": .string("0")], into: SandboxFixture.table)
                }
            }
        )
    }

    @Test(
        "Situation 22: a disabled stream makes the replica stale; what was written meanwhile is there once it is enabled anew"
    )
    func disabled() async throws {
        let fixture = try fixture()
        #expect(await fixture.wait { $0.isLive && $0.isEqual })
        let epoch = fixture.store.snapshot?.position.epoch
        fixture.sandbox.disableStream(of: SandboxFixture.table)
        #expect(await fixture.wait { $0.replicator.status.reasonCode == .streamDisabled })
        #expect(fixture.replicator.status.state == .stale)
        #expect(fixture.items.count == 20)
        try fixture.put("k1", "unseen")
        try fixture.delete("k2")
        fixture.sandbox.configure { $0.holdsTransitions = true }
        fixture.sandbox.enableStream(of: SandboxFixture.table, .keysOnly)
        #expect(await fixture.wait { $0.replicator.status.state == .rebuilding })
        #expect(fixture.replicator.status.reasonCode == .newStream)
        #expect(fixture.items.count == 20, "the old contents are served meanwhile")
        fixture.sandbox.completeTransitions()
        fixture.sandbox.configure { $0.holdsTransitions = false }
        #expect(await fixture.wait { $0.isLive && $0.isEqual }, "\(fixture.replicator.status.reason)")
        #expect(fixture.store.snapshot?.position.epoch != epoch)
        #expect(fixture.replicator.status.rebuilds == 1)
        try fixture.put("k3", "over the new stream")
        #expect(await fixture.wait { $0.isEqual })
        #expect(await fixture.stop() == nil)
    }

    @Test(
        "Situation 22: a table that is deleted and created again is read anew, with sequence numbers lower than before"
    )
    func recreated() async throws {
        let fixture = try fixture()
        #expect(await fixture.wait { $0.isLive && $0.isEqual })
        let name = Array(#"{"TableName":"orders"}"#.utf8)
        _ = try fixture.sandbox.perform(.deleteTable, name)
        #expect(await fixture.wait { $0.replicator.status.state != .live })
        #expect(fixture.items.count == 20)
        fixture.sandbox.restartSequenceNumbers(at: 100_000_000_000_000_000_000)
        try fixture.sandbox.createTable(
            SandboxFixture.table,
            KeySchema(partition: KeyAttribute(name: "id", type: .string))
        )
        try fixture.put("k1", "second life")
        #expect(await fixture.wait { $0.isLive && $0.isEqual }, "\(fixture.replicator.status.reason)")
        #expect(fixture.items.count == 1)
        try fixture.put("k1", "followed")
        #expect(await fixture.wait { $0.isEqual })
        #expect(await fixture.stop() == nil)
    }
}
