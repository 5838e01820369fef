import Basics
import DynamoDBClient
import DynamoDBStream
import DynamoSandbox
import ReplicaStore
import TableModel
import TestTools
import Testing

@testable import Replication

/// The replicator over the real client, real HTTP and the sandbox endpoint, in real time.
@Suite struct ReplicatorSandboxTests {
    private let schema = KeySchema(
        partition: KeyAttribute(name: "pk", type: .string),
        sort: KeyAttribute(name: "sk", type: .number)
    )

    private func key(_ number: Int) -> [AttributeName: AttributeValue] {
        ["pk": .string("p\(number % 7)"), "sk": .number("\(number)")]
    }

    @Test("ends equal to a table that was written to before, during and after the start")
    func endToEnd() async throws {
        let sandbox = DynamoSandbox()
        let port = try sandbox.start()
        try sandbox.createTable("orders", schema)
        for number in 0..<300 {
            try sandbox.put(key(number).merging(["v": .number("0")]) { old, _ in old }, into: "orders")
        }
        let configuration = AWSConfiguration(
            region: "local",
            credentials: StaticCredentials(Credentials(accessKeyID: "a", secretAccessKey: "b")),
            dynamoDB: try Endpoint("http://127.0.0.1:\(port)"),
            dynamoDBStreams: try Endpoint("http://127.0.0.1:\(port)")
        )
        let client = try DynamoDBClient(configuration: configuration)
        var settings = ReplicationSettings(tableName: "orders")
        settings.stream.pollInterval = .milliseconds(50)
        let store = ReplicaStore()
        let replicator = Replicator(
            settings: settings,
            table: client,
            streams: client,
            store: store,
            time: .system,
            observer: RecordingObserver()
        )
        let running = Task { () async -> ReplicationFailure? in
            do throws(ReplicationFailure) {
                try await replicator.run()
                return nil
            } catch { return error }
        }
        var round = 0
        func write() throws {
            round += 1
            let number = (round * 37) % 330
            if round % 5 == 0 {
                try sandbox.delete(key(number), from: "orders")
            } else {
                try sandbox.put(key(number).merging(["v": .number("\(round)")]) { old, _ in old }, into: "orders")
            }
        }
        let isLive = try await comesTrue {
            try write()
            return replicator.status.state == .live
        }
        #expect(isLive)
        for _ in 0..<10 {
            for _ in 0..<5 { try write() }
            let reads = sandbox.calls(.getRecords).count
            #expect(await comesTrue { sandbox.calls(.getRecords).count > reads })
        }
        _ = try await comesTrue { try Set(store.snapshot?.items ?? []) == Set(sandbox.items(of: "orders")) }
        let expected = try sandbox.items(of: "orders")
        let found = store.snapshot?.items ?? []
        #expect(replicator.status.state == .live)
        #expect(Set(found) == Set(expected))
        #expect(found.count == expected.count)
        running.cancel()
        let failure = await running.value
        #expect(failure == nil)
        client.close()
        await sandbox.stop()
    }
}
