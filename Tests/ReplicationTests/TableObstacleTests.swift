import DynamoDBClient
import StreamModel
import TestTools
import Testing

@testable import Replication

/// Tables that are there and refuse reads, or that have no stream since a restore.
@Suite struct TableObstacleTests {
    private static let key = "arn:aws:kms:eu-central-1:1:key/k"
    private static let inaccessible = "INACCESSIBLE_ENCRYPTION_CREDENTIALS"

    private static func obstruct(_ harness: ReplicatorHarness, _ status: String) {
        harness.endpoint.change { state in
            state.tableStatus = status
            state.summaries.encryptionKeyARN = key
            state.summaries.inaccessibleSince = 1_700_000_000_000
            for operation in ["Scan", "BatchGetItem", "GetRecords"] {
                state.model.outages[operation] = StreamModel.error(.accessDenied, operation, "demo")
            }
        }
    }

    private static func clear(_ harness: ReplicatorHarness) {
        harness.endpoint.change { state in
            state.tableStatus = "ACTIVE"
            state.model.outages = [:]
        }
    }

    private static func harness() -> ReplicatorHarness {
        var model = StreamModel("A")
        model.write("k", "1")
        return ReplicatorHarness(model) {
            $0.maximumLag = .seconds(5)
            $0.limits.tableCheckInterval = .seconds(5)
            $0.limits.troubledTableCheckInterval = .seconds(2)
        }
    }

    @Test("a start waits for a key that can be enabled again, and names it")
    func start() async throws {
        let harness = Self.harness()
        Self.obstruct(harness, Self.inaccessible)
        try await harness.run { harness in
            await harness.wait("the reason") { $0.status.reasonCode == .keyInaccessible }
            #expect(
                harness.status.reason
                    == "table demo cannot be read: DynamoDB has had no access to its KMS key \(Self.key) since "
                    + "2023-11-14T22:13:20.000Z. Enable the key and its grants within 7 days, or DynamoDB archives the table: "
                    + "aws kms enable-key --key-id \(Self.key)"
            )
            #expect(harness.status.state == .starting)
            Self.clear(harness)
            await harness.waitLive()
            await harness.waitEqual()
        }
    }

    @Test(
        "an archived table ends the start with 78 and the command that restores it",
        arguments: ["ARCHIVING", "ARCHIVED"]
    )
    func archived(status: String) async {
        let harness = Self.harness()
        harness.endpoint.change { state in
            state.tableStatus = status
            state.summaries.archivalReason = Self.inaccessible
            state.summaries.archivedAt = 1_700_000_000_000
            state.summaries.archivalBackupARN = "arn:backup"
        }
        let failure = await harness.failure()
        #expect(failure?.exitCode == 78)
        #expect(
            failure?.description
                == "table demo cannot be read: DynamoDB archived it on 2023-11-14T22:13:20.000Z "
                + "(INACCESSIBLE_ENCRYPTION_CREDENTIALS). Restore it under another name, enable the stream there and follow that "
                + "table: aws dynamodb restore-table-from-backup --target-table-name NAME --backup-arn arn:backup"
        )
    }

    @Test("a restored table without a stream is said to be one")
    func restored() async {
        let harness = Self.harness()
        harness.endpoint.change { state in
            state.streamEnabled = false
            state.summaries.restoredFrom = "arn:source"
        }
        let failure = await harness.failure()
        #expect(failure?.exitCode == 78)
        #expect(
            failure?.description.hasPrefix(
                "table demo has no stream, so its changes cannot be followed (it was restored from arn:source, and a restore "
                    + "brings no stream back). Enable one: aws dynamodb update-table --table-name demo"
            ) == true
        )
    }

    @Test("while live its last contents are served as stale, nothing is scanned, and it follows again by itself")
    func live() async throws {
        let harness = Self.harness()
        try await harness.run { harness in
            await harness.waitLive()
            let scans = harness.endpoint.change { $0.scanRequests.count }
            Self.obstruct(harness, Self.inaccessible)
            await harness.wait("the reason") {
                $0.status.state == .stale && $0.status.reasonCode == .keyInaccessible
                    && $0.status.reason.contains(Self.key)
            }
            #expect(harness.items == ["k": "1"])
            harness.endpoint.change { state in state.model.write("k", "2") }
            let began = harness.time.now
            await harness.wait("a minute") { $0.time.now - began > .seconds(60) }
            #expect(harness.status.state == .stale && harness.status.reasonCode == .keyInaccessible)
            Self.clear(harness)
            await harness.waitLive()
            await harness.waitEqual()
            #expect(harness.endpoint.change { $0.scanRequests.count } == scans)
            #expect(harness.status.rebuilds == 0)
        }
    }

    @Test("an archived table whose stream is gone is served as stale and not rebuilt until it can be read")
    func archivedWhileLive() async throws {
        let harness = Self.harness()
        try await harness.run { harness in
            await harness.waitLive()
            let scans = harness.endpoint.change { $0.scanRequests.count }
            harness.endpoint.change { state in
                state.tableStatus = "ARCHIVED"
                for operation in ["DescribeStream", "GetRecords", "GetShardIterator"] {
                    state.model.outages[operation] = StreamModel.error(.notFound, operation, "demo")
                }
            }
            await harness.wait("the reason") { $0.status.state == .stale && $0.status.reasonCode == .tableArchived }
            let began = harness.time.now
            await harness.wait("a minute") { $0.time.now - began > .seconds(60) }
            #expect(harness.status.state == .stale && harness.status.reasonCode == .tableArchived)
            #expect(harness.status.rebuilds == 0 && harness.items == ["k": "1"])
            #expect(harness.endpoint.change { $0.scanRequests.count } == scans)
            Self.clear(harness)
            harness.endpoint.change { state in state.model.write("k", "2") }
            await harness.waitEqual()
            await harness.waitLive()
            #expect(harness.status.rebuilds <= 1)
        }
    }
}
