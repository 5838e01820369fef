import Basics
import DynamoDBClient
import DynamoDBStream
import DynamoSandbox
import ReplicaStore
import TableModel
import TestTools

@testable import Replication

/// A replicator over the real client, real HTTP and a sandbox, in real time.
final class SandboxFixture: Sendable {
    static let table = "orders"

    /// The table as it is followed and written to: its name or its ARN.
    let table: String
    let sandbox: DynamoSandbox
    let store = ReplicaStore()
    let observer = RecordingObserver()
    let replicator: Replicator
    private let client: DynamoDBClient
    private let running: Task<ReplicationFailure?, Never>

    /// `prepare` fills the sandbox before anything follows it.
    init(
        _ sandboxSettings: SandboxSettings = SandboxSettings(),
        viewType: SandboxViewType = .newAndOldImages,
        table: String = SandboxFixture.table,
        change: (inout ReplicationSettings) -> Void = { _ in },
        prepare: (DynamoSandbox) throws -> Void = { _ in }
    ) throws {
        self.table = table
        sandbox = DynamoSandbox(settings: sandboxSettings)
        let port = try sandbox.start()
        let schema = KeySchema(partition: KeyAttribute(name: "id", type: .string))
        try sandbox.createTable(table, schema, stream: viewType)
        try prepare(sandbox)
        let endpoint = try Endpoint("http://127.0.0.1:\(port)")
        let configuration = AWSConfiguration(
            region: "local",
            credentials: StaticCredentials(Credentials(accessKeyID: "a", secretAccessKey: "b")),
            dynamoDB: endpoint,
            dynamoDBStreams: endpoint
        )
        client = try DynamoDBClient(configuration: configuration)
        var settings = ReplicationSettings(tableName: table)
        settings.stream.pollInterval = .milliseconds(50)
        settings.limits.bookmarkSettle = .milliseconds(50)
        change(&settings)
        let replicator = Replicator(
            settings: settings,
            table: client,
            streams: client,
            store: store,
            time: .system,
            observer: observer
        )
        self.replicator = replicator
        running = Task { () async -> ReplicationFailure? in
            do throws(ReplicationFailure) {
                try await replicator.run()
                return nil
            } catch { return error }
        }
    }

    /// Ends everything; returns why replication had failed, if it had.
    func stop() async -> ReplicationFailure? {
        running.cancel()
        let failure = await running.value
        client.close()
        await sandbox.stop()
        return failure
    }

    /// Waits until replication fails, and ends everything.
    func failure() async -> ReplicationFailure? {
        let failure = await running.value
        _ = await stop()
        return failure
    }

    func put(_ id: String, _ value: String) throws {
        try sandbox.put(["id": .string(id), "value": .string(value)], into: table)
    }

    func delete(_ id: String) throws { try sandbox.delete(["id": .string(id)], from: table) }

    /// What readers see.
    var items: Set<Item> {
        Set(store.snapshot?.items ?? [])
    }

    var isEqual: Bool { (try? Set(sandbox.items(of: table))) == items }
    var isLive: Bool { replicator.status.state == .live }

    /// The cause of each key's newest state.
    var causes: [ChangeCause] {
        var causes: [ChangeCause] = []
        store.snapshot?.forEachChange(after: 0) { record in
            causes.append(record.cause)
            return true
        }
        return causes
    }

    /// Polls until a condition holds; false when it does not in a generous time.
    func wait(_ condition: (SandboxFixture) -> Bool) async -> Bool { await comesTrue { condition(self) } }

    /// Waits until the replica has asked for records once more, so that what is written next is a page of its own.
    func waitForRead() async {
        let before = sandbox.calls(.getRecords).count
        _ = await wait { $0.sandbox.calls(.getRecords).count > before }
    }
}
