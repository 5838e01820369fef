import DynamoDBClient
import DynamoSandbox
import TableModel
import TestTools
import Testing

@testable import Replication

/// Two accounts with a table of one name, and a replica of the other account's table by its ARN, over the real client.
@Suite struct TwoAccountsSandboxTests {
    private static let other = "arn:aws:dynamodb:us-east-1:222222222222:table/orders"

    @Test(
        "every call names the table by its ARN, so nothing of the caller's own table is read",
        arguments: [SandboxViewType.newAndOldImages, .keysOnly]
    )
    func followed(viewType: SandboxViewType) async throws {
        let fixture = try SandboxFixture(
            viewType: viewType,
            table: Self.other,
            change: {
                $0.verifyUnitsPerSecond = 1_000
                $0.limits.verifyInterval = .milliseconds(200)
                $0.limits.tableCheckInterval = .milliseconds(200)
            },
            prepare: { sandbox in
                let schema = KeySchema(partition: KeyAttribute(name: "id", type: .string))
                try sandbox.createTable("orders", schema, stream: viewType)
                for number in 0..<20 {
                    try sandbox.put(["id": .string("k\(number)"), "value": .string("own")], into: "orders")
                    try sandbox.put(["id": .string("k\(number)"), "value": .string("other")], into: Self.other)
                }
            }
        )
        #expect(await fixture.wait { $0.isLive && $0.isEqual }, "\(fixture.replicator.status.reason)")
        try fixture.put("k1", "written")
        try fixture.delete("k2")
        try fixture.sandbox.put(["id": .string("k3"), "value": .string("own again")], into: "orders")
        #expect(await fixture.wait { $0.isEqual })
        #expect(await fixture.wait { ($0.replicator.status.verification?.passes ?? 0) >= 2 })
        #expect(fixture.isEqual)
        let verification = fixture.replicator.status.verification
        #expect(verification?.repairedPuts == 0 && verification?.repairedRemovals == 0)
        let named = fixture.sandbox.calls.filter {
            [.describeTable, .scan, .batchGetItem].contains($0.operation)
        }
        #expect(Set(named.map(\.operation)).isSuperset(of: [.describeTable, .scan]))
        if viewType == .keysOnly { #expect(named.contains { $0.operation == .batchGetItem }) }
        #expect(named.allSatisfy { $0.table == Self.other })
        #expect(fixture.sandbox.calls(.describeTable).count > 2, "the watch asks too")
        #expect(fixture.replicator.status.streamARN?.hasPrefix(Self.other + "/stream/") == true)
        #expect(await fixture.stop() == nil)
    }
}
