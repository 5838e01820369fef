import API
import Basics
import DynamoDBClient
import DynamoDBStream
import HTTPServer
import ReplicaStore
import Replication
import Service
import StateStore
import TableModel
import Telemetry
import TestTools
import Testing

/// A replica as the service runs it: the real client over loopback, the replicator, the store, and the HTTP side with its event
/// streams.
final class SandboxReplica: Sendable {
    let table: SandboxTable
    let store = ReplicaStore()
    let observer: WatchingObserver
    let replicator: Replicator
    let port: Int
    private let client: DynamoDBClient
    private let front: HTTPFront
    private let running: Task<ReplicationFailure?, Never>

    init(
        _ table: SandboxTable,
        _ credentials: any CredentialsProvider,
        _ session: StateSession?,
        _ limits: HTTPServerLimits,
        _ change: (inout ReplicationSettings) -> Void
    ) throws {
        self.table = table
        let time = table.time.source
        let endpoint = try Endpoint("http://127.0.0.1:\(table.port)")
        let configuration = AWSConfiguration(
            region: "us-east-1",
            credentials: credentials,
            dynamoDB: endpoint,
            dynamoDBStreams: endpoint
        )
        client = try DynamoDBClient(configuration: configuration, time: time)
        observer = WatchingObserver(store, table.history, table.schema)
        var settings = ReplicationSettings(tableName: SandboxTable.name)
        settings.stream.pollInterval = .milliseconds(200)
        settings.stream.discoveryInterval = .seconds(5)
        settings.limits.tableCheckInterval = .seconds(5)
        settings.limits.troubledTableCheckInterval = .seconds(2)
        // A busy machine must not be taken for an endpoint that does not answer.
        settings.limits.startLimit = .seconds(3_600)
        // Nor for one that leaves a shard's call without a response, which is then made again: half a second is 50 ms on this clock.
        settings.stream.limits.silentAfter = .seconds(60)
        change(&settings)
        let replicator = Replicator(
            settings: settings,
            table: client,
            streams: client,
            store: store,
            time: time,
            observer: observer,
            session: session
        )
        self.replicator = replicator
        let view = ReplicaView(
            store: store,
            conditions: {
                let (state, lag) = replicator.stateAndLag
                return ReplicaConditions(state: state, lagMilliseconds: lag)
            },
            status: { replicator.status },
            wallMilliseconds: time.wallMilliseconds
        )
        var service = Settings(table: SandboxTable.name)
        service.loops = 1
        service.server = limits
        let front = HTTPFront(
            view: view,
            settings: service,
            isLoopback: true,
            metrics: ServiceMetrics(registry: PrometheusRegistry())
        )
        self.front = front
        port = try front.start(on: ListenPlan([ListenAddress(host: "127.0.0.1", port: 0)])).port
        store.addListener { [weak observer] in observer?.published() }
        store.addListener { [weak front] in front?.wakeStreams() }
        running = Task { () async -> ReplicationFailure? in
            do throws(ReplicationFailure) {
                try await replicator.run()
                return nil
            } catch { return error }
        }
    }

    /// Ends it; returns why replication had failed, if it had.
    func stop() async -> ReplicationFailure? {
        running.cancel()
        let failure = await running.value
        await front.stop(drainDelay: .zero, grace: .milliseconds(100), time: .system)
        client.close()
        return failure
    }

    var status: ReplicationStatus { replicator.status }
    var isLive: Bool { status.state == .live }
    var epoch: String? { store.snapshot?.position.epoch.text }

    /// What readers see.
    var items: Set<Item> {
        Set(store.snapshot?.items ?? [])
    }

    /// The number of the write that readers see of a key; nil for none.
    func number(_ key: String) -> Int? {
        guard let key = try? ItemKey(partition: .string(key), schema: SandboxTable.schema),
            let record = store.snapshot?.record(for: key),
            case .number(let text)? = record.withPackedItem({ Item(packed: Array($0)) })["n"]
        else { return nil }
        return Int(text)
    }

    var isEqual: Bool { items == table.contents }
    /// How many items are as the table has them.
    var agreeing: Int { table.contents.map { items.intersection($0).count } ?? 0 }
    /// Milliseconds; 0 while unknown.
    var lag: Int64 { status.lagMilliseconds ?? 0 }

    var shardsEnded: [String] {
        observer.events.compactMap { if case .shardEnded(let id) = $0 { id } else { nil } }
    }

    var shardsAdded: [String] {
        observer.events.flatMap { event -> [String] in if case .shardsAdded(let ids) = event { ids } else { [] } }
    }

    var gaps: [String] { observer.events.compactMap { if case .gap(let gap) = $0 { gap } else { nil } } }

    /// Codes of the calls that failed for the replica, of shards and listings.
    var troubles: [String] {
        observer.events.compactMap { if case .shardTrouble(_, let error) = $0 { error.code.rawValue } else { nil } }
    }

    /// Waits until a condition holds; an issue when it does not within a generous time.
    func wait(
        _ what: String,
        sourceLocation: SourceLocation = #_sourceLocation,
        _ condition: (SandboxReplica) -> Bool
    ) async {
        if await comesTrue({ condition(self) }) { return }
        Issue.record("never: \(what); \(status.state) (\(status.reason)), gaps \(gaps)", sourceLocation: sourceLocation)
    }

    /// Waits until the replica is live and equal to the table.
    func settle(sourceLocation: SourceLocation = #_sourceLocation) async {
        await wait("live and equal", sourceLocation: sourceLocation) { $0.isLive && $0.isEqual }
    }

    /// Waits until a subscriber's map is the table.
    func deliver(to reader: EventReader, sourceLocation: SourceLocation = #_sourceLocation) async {
        await wait("the subscriber's map to be the table", sourceLocation: sourceLocation) { replica in
            let table = replica.table.contents ?? []
            let map = reader.map
            return map.count == table.count
                && table.allSatisfy { item in
                    guard case .string(let key)? = item["id"], case .number(let number)? = item["n"] else {
                        return false
                    }
                    return map[key].map { "\($0)" } == number
                }
        }
        let violations = reader.violations(table.history)
        #expect(violations.isEmpty, "\(violations)", sourceLocation: sourceLocation)
    }
}
