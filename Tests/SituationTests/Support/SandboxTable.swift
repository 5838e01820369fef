import DynamoDBClient
import DynamoSandbox
import Glibc
import HTTPServer
import ReplicaStore
import Replication
import StateStore
import TableModel
import Testing

/// A table on a sandbox endpoint, for replicas to follow one after the other.
final class SandboxTable: Sendable {
    static let name = "orders"
    static let schema = KeySchema(partition: KeyAttribute(name: "id", type: .string))

    let time: FastTime
    let sandbox: DynamoSandbox
    let history = History()
    let port: Int
    let schema: KeySchema

    /// A table with the items `k0`, `k1`, ….
    init(
        shards: Int = 1,
        items: Int = 0,
        viewType: SandboxViewType = .newAndOldImages,
        schema: KeySchema = SandboxTable.schema,
        skew: Duration = .zero,
        _ change: (inout SandboxSettings) -> Void = { _ in }
    ) throws {
        var settings = SandboxSettings()
        settings.shardsPerStream = shards
        change(&settings)
        time = FastTime(skew: skew)
        self.schema = schema
        sandbox = DynamoSandbox(clock: time.clock, settings: settings)
        port = try sandbox.start()
        try sandbox.createTable(Self.name, schema, stream: viewType)
        for number in 0..<items { try put("k\(number)") }
    }

    func put(_ key: String) throws {
        try history.write(key, isPut: true) { number in
            try sandbox.put(["id": .string(key), "n": .number("\(number)")], into: Self.name)
        }
    }

    func delete(_ key: String) throws {
        try history.write(key, isPut: false) { _ in try sandbox.delete(["id": .string(key)], from: Self.name) }
    }

    var contents: Set<Item>? { (try? sandbox.items(of: Self.name)).map(Set.init) }
    var shards: [SandboxShard] { sandbox.shards(of: Self.name) }
    var openShards: [String] { shards.filter(\.isOpen).map(\.id) }

    func advance(_ duration: Duration) { time.clock.advance(by: duration) }

    @discardableResult
    func rotate(_ shard: String, hiddenListings: Int = 0) throws -> String {
        try #require(sandbox.rotate(shard: shard, of: Self.name, hiddenListings: hiddenListings))
    }

    static func refusal(_ code: String, _ message: String = "by the test", status: Int = 400) -> SandboxFault {
        .error(status: status, code: code, message: message)
    }

    /// Refuses every read of records, or those of one shard, until `release`.
    func hold(_ shard: String? = nil, _ refusal: SandboxFault = SandboxTable.refusal("ThrottlingException")) {
        sandbox.faults.enqueue(.getRecords, refusal, times: 1_000_000, shard: shard)
    }

    /// Ends all faults.
    func release() { sandbox.faults.removeAll() }

    /// The iterator types that were asked for, of one shard or of all.
    func iteratorTypes(_ shard: String? = nil) -> [String] {
        sandbox.calls(.getShardIterator).filter { shard == nil || $0.shard == shard }.compactMap(\.iteratorType)
    }

    /// The most calls of an operation in any second.
    func mostInASecond(_ operation: SandboxOperation) -> Int {
        let times = sandbox.calls(operation).map(\.time)
        return times.indices.map { first in times[first...].prefix { $0 < times[first] + 1_000 }.count }.max() ?? 0
    }

    /// Follows the table with a replica of its own while `body` looks at it, and ends it in order.
    func follow(
        directory: String? = nil,
        credentials: any CredentialsProvider = StaticCredentials(Credentials(accessKeyID: "a", secretAccessKey: "b")),
        server: HTTPServerLimits = HTTPServerLimits(),
        _ change: (inout ReplicationSettings) -> Void = { _ in },
        _ body: (SandboxReplica) async throws -> Void
    ) async throws {
        let session = try directory.map { StateSession(directory: try StateDirectory($0)) }
        let replica = try SandboxReplica(self, credentials, session, server, change)
        do { try await body(replica) } catch {
            _ = await replica.stop()
            throw error
        }
        let failure = await replica.stop()
        #expect(failure == nil)
        let violations = replica.observer.violations
        #expect(violations.isEmpty, "\(violations)")
    }

    func stop() async { await sandbox.stop() }

    /// A directory for a saved state; `remove` it.
    static func directory() -> String {
        var template = Array("/tmp/situation-tests-XXXXXX".utf8CString)
        precondition(mkdtemp(&template) != nil)
        return String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    static func remove(_ directory: String) {
        for name in ["tablecast.lock", "tablecast.sqlite", "tablecast.sqlite-wal"] { unlink("\(directory)/\(name)") }
        rmdir(directory)
    }
}
