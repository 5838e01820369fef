import Basics
import DynamoDBClient
import DynamoDBStream
import DynamoSandbox
import Glibc
import ReplicaStore
import StateStore
import Synchronization
import TableModel
import TestTools
import Testing

@testable import Replication

/// A sandbox with one table, and processes that follow it one after the other with one state directory.
final class SavedStateHarness {
    static let table = "orders"

    let sandbox: DynamoSandbox
    let client: DynamoDBClient
    let path: String

    init(items: Int = 60, shards: Int = 2) throws {
        var sandboxSettings = SandboxSettings()
        sandboxSettings.shardsPerStream = shards
        sandbox = DynamoSandbox(settings: sandboxSettings)
        let port = try sandbox.start()
        let endpoint = try Endpoint("http://127.0.0.1:\(port)")
        client = try DynamoDBClient(
            configuration: AWSConfiguration(
                region: "local",
                credentials: StaticCredentials(Credentials(accessKeyID: "a", secretAccessKey: "b")),
                dynamoDB: endpoint,
                dynamoDBStreams: endpoint
            )
        )
        path = SavedStateHarness.directory()
        try sandbox.createTable(
            SavedStateHarness.table,
            KeySchema(partition: KeyAttribute(name: "id", type: .string))
        )
        for number in 0..<items { try put("k\(number)", "scanned") }
    }

    deinit {
        let (sandbox, client) = (sandbox, client)
        client.close()
        Task { await sandbox.stop() }
        SavedStateHarness.remove(path)
    }

    static func directory() -> String {
        var template = Array("/tmp/replication-tests-XXXXXX".utf8CString)
        precondition(mkdtemp(&template) != nil)
        return String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    static let files = ["tablecast.lock", "tablecast.sqlite", "tablecast.sqlite-wal"]

    static func remove(_ path: String) {
        for name in files { unlink("\(path)/\(name)") }
        rmdir(path)
    }

    func put(_ id: String, _ value: String) throws {
        try sandbox.put(["id": .string(id), "value": .string(value)], into: SavedStateHarness.table)
    }

    func delete(_ id: String) throws { try sandbox.delete(["id": .string(id)], from: SavedStateHarness.table) }

    /// What the table holds; nil when the sandbox cannot say.
    var contents: Set<Item>? { (try? sandbox.items(of: SavedStateHarness.table)).map(Set.init) }

    /// Runs a process with the state directory until it fails.
    func failure(_ change: (inout ReplicationSettings) -> Void) async throws -> ReplicationFailure? {
        let process = try process(in: path, awaiting: false, StateLimits(), .unlimited, RegionCell(.any), change)
        do throws(ReplicationFailure) {
            try await process.replicator.run()
            return nil
        } catch { return error }
    }

    /// Starts a process with the state directory, or another one, that it has or awaits; lets `body` look at it, and stops it in order.
    func run(
        in directory: String? = nil,
        awaiting: Bool = false,
        stateLimits: StateLimits = StateLimits(),
        memory: MemoryReadings = .unlimited,
        region: RegionCell = RegionCell(.any),
        _ change: (inout ReplicationSettings) -> Void = { _ in },
        _ body: (SavedStateProcess) async throws -> Void
    ) async throws {
        let process = try process(in: directory ?? path, awaiting: awaiting, stateLimits, memory, region, change)
        let running = Task { () async -> ReplicationFailure? in
            do throws(ReplicationFailure) {
                try await process.replicator.run()
                return nil
            } catch { return error }
        }
        do { try await body(process) } catch {
            running.cancel()
            _ = await running.value
            throw error
        }
        running.cancel()
        let failure = await running.value
        #expect(failure == nil)
    }

    private func process(
        in directory: String,
        awaiting: Bool,
        _ stateLimits: StateLimits,
        _ memory: MemoryReadings,
        _ region: RegionCell,
        _ change: (inout ReplicationSettings) -> Void
    ) throws -> SavedStateProcess {
        var settings = ReplicationSettings(tableName: SavedStateHarness.table)
        settings.stream.pollInterval = .milliseconds(50)
        settings.limits.stateSaveInterval = .milliseconds(20)
        settings.limits.bookmarkSettle = .milliseconds(50)
        change(&settings)
        let session =
            awaiting
            ? StateSession(awaiting: directory, limits: stateLimits)
            : StateSession(directory: try StateDirectory(directory), limits: stateLimits)
        let clock = sandbox.clock
        var time = TimeSource.system
        time.wallMilliseconds = { clock.now }
        // A machine that has been up for longer than a stream keeps records.
        let continuous = time.continuous
        time.continuous = { continuous() + .seconds(40 * 24 * 3_600) }
        return SavedStateProcess(settings, client, time, session, memory, region)
    }

    /// What a kill would leave at this moment, in a directory of its own: the file and its write-ahead log, as they are.
    func snapshotOfDirectory() -> String {
        let copy = SavedStateHarness.directory()
        for name in SavedStateHarness.files {
            let source = open("\(path)/\(name)", O_RDONLY)
            guard source >= 0 else { continue }
            let target = open("\(copy)/\(name)", O_WRONLY | O_CREAT, 0o600)
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            while case let count = read(source, &buffer, buffer.count), count > 0 { _ = write(target, buffer, count) }
            close(source)
            close(target)
        }
        return copy
    }
}

/// The Region that is called, which a test lets become known.
final class RegionCell: Sendable {
    private let state: Mutex<CalledRegion>
    private let isKnown: @Sendable () -> Bool

    /// `region` is known from when `isKnown` says so.
    init(_ region: CalledRegion, isKnown: @escaping @Sendable () -> Bool = { true }) {
        state = Mutex(region)
        self.isKnown = isKnown
    }

    var region: CalledRegion {
        get { isKnown() ? state.withLock { $0 } : .unknown }
        set { state.withLock { $0 = newValue } }
    }
}

/// One life of a replicator.
struct SavedStateProcess {
    let store = ReplicaStore()
    let observer = RecordingObserver()
    let replicator: Replicator
    let session: StateSession

    init(
        _ settings: ReplicationSettings,
        _ client: DynamoDBClient,
        _ time: TimeSource,
        _ session: StateSession,
        _ memory: MemoryReadings = .unlimited,
        _ region: RegionCell = RegionCell(.any)
    ) {
        self.session = session
        replicator = Replicator(
            settings: settings,
            table: client,
            streams: client,
            store: store,
            time: time,
            observer: observer,
            session: session,
            memory: memory,
            region: { region.region }
        )
    }

    var saved: SavedStateStatus { replicator.status.savedState ?? SavedStateStatus() }

    var position: Position? { store.snapshot?.position }

    var items: Set<Item> {
        Set(store.snapshot?.items ?? [])
    }

    /// The keys of what a subscriber that resumes from a position is sent.
    func changes(after position: Position) -> Set<String> {
        var keys: Set<String> = []
        store.snapshot?.forEachChange(after: position.seq) { record in
            keys.insert(String(decoding: record.key.bytes.prefix { $0 != 0 }, as: UTF8.self))
            return true
        }
        return keys
    }

    var rejections: [StateRejection] {
        observer.events.compactMap { if case .stateRejected(let rejection) = $0 { rejection } else { nil } }
    }

    /// Waits until a condition holds; an issue when it does not within a generous time.
    func wait(
        _ what: String,
        sourceLocation: SourceLocation = #_sourceLocation,
        _ condition: () throws -> Bool
    ) async rethrows {
        if try await comesTrue(condition) { return }
        let status = replicator.status
        Issue.record("never: \(what); \(status.state) (\(status.reason)); \(saved)", sourceLocation: sourceLocation)
    }

    func waitLive(sourceLocation: SourceLocation = #_sourceLocation) async {
        await wait("live", sourceLocation: sourceLocation) { replicator.status.state == .live }
    }

    /// Waits until the saved state is shown and the status says so, which is a moment after the contents are published.
    func waitShown(sourceLocation: SourceLocation = #_sourceLocation) async {
        await wait("the saved state to be shown", sourceLocation: sourceLocation) {
            store.snapshot != nil && replicator.status.servesSavedState
        }
    }

    /// Waits until everything that is applied is saved.
    func waitSaved(sourceLocation: SourceLocation = #_sourceLocation) async {
        await wait("saved", sourceLocation: sourceLocation) {
            saved.savedSeq != nil && saved.savedSeq == position?.seq
        }
    }
}
