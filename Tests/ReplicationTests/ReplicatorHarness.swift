import DynamoDBClient
import ReplicaStore
import StateStore
import StreamModel
import Synchronization
import TableModel
import TestTools
import Testing

@testable import Replication

/// Keeps what replication reported.
final class RecordingObserver: ReplicationObserver {
    private let state = Mutex<(events: [ReplicationEvent], published: Int)>(([], 0))
    private let listener = Mutex<(@Sendable (ReplicationEvent) -> Void)?>(nil)

    var events: [ReplicationEvent] { state.withLock { $0.events } }
    var publications: Int { state.withLock { $0.published } }

    /// Calls `listener` with each later event, before the caller of `observe` goes on.
    func listen(_ listener: @escaping @Sendable (ReplicationEvent) -> Void) { self.listener.withLock { $0 = listener } }

    func observe(_ event: ReplicationEvent) {
        listener.withLock { $0 }?(event)
        state.withLock { $0.events.append(event) }
    }

    /// Listens to the store.
    func published() { state.withLock { $0.published += 1 } }
}

/// A replicator over a model, in fast time.
struct ReplicatorHarness {
    let time: FastTime
    let endpoint: FakeEndpoint
    let store = ReplicaStore()
    let observer = RecordingObserver()
    let replicator: Replicator

    init(
        _ model: StreamModel,
        factor: Int = 20,
        session: StateSession? = nil,
        memory: MemoryReadings = .unlimited,
        _ change: (inout ReplicationSettings) -> Void = { _ in }
    ) {
        time = FastTime(factor: factor)
        endpoint = FakeEndpoint(model, time: time)
        var settings = ReplicationSettings(tableName: "demo")
        change(&settings)
        replicator = Replicator(
            settings: settings,
            table: endpoint,
            streams: endpoint,
            store: store,
            time: time.source,
            observer: observer,
            session: session,
            memory: memory
        )
        store.addListener { [observer] in observer.published() }
    }

    var status: ReplicationStatus { replicator.status }

    /// What readers see: the value of each key.
    var items: [String: String] {
        var items: [String: String] = [:]
        store.snapshot?.forEach(from: nil, to: nil) { record in
            let item = record.withPackedItem { Item(packed: Array($0)) }
            if case .string(let key) = item["id"], case .string(let value) = item["value"] { items[key] = value }
            return true
        }
        return items
    }

    var table: [String: String] { endpoint.change { $0.model.table } }

    /// Runs the replicator while `body` does its checks; then cancels it and sees it return.
    func run(_ body: (ReplicatorHarness) async throws -> Void) async throws {
        let running = Task { await self.failure() }
        do {
            try await body(self)
        } catch {
            running.cancel()
            throw error
        }
        running.cancel()
        let end = await running.value
        #expect(end == nil)
    }

    /// Runs the replicator until it fails.
    func failure() async -> ReplicationFailure? {
        do throws(ReplicationFailure) {
            try await replicator.run()
            return nil
        } catch { return error }
    }

    /// Waits until a condition holds; an issue when it does not within a generous time.
    func wait(
        _ what: String,
        sourceLocation: SourceLocation = #_sourceLocation,
        _ condition: (ReplicatorHarness) -> Bool
    ) async {
        if await comesTrue({ condition(self) }) { return }
        Issue.record("never: \(what); status \(status.state) (\(status.reason))", sourceLocation: sourceLocation)
    }

    func waitLive(sourceLocation: SourceLocation = #_sourceLocation) async {
        await wait("live", sourceLocation: sourceLocation) { $0.status.state == .live }
    }

    func waitEqual(sourceLocation: SourceLocation = #_sourceLocation) async {
        await wait("replica equals table", sourceLocation: sourceLocation) { $0.items == $0.table }
    }
}
