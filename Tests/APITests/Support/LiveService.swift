import Basics
import DynamoDBClient
import Glibc
import HTTPSemantics
import HTTPServer
import ReplicaStore
import Replication
import Synchronization
import TableModel
import Telemetry
import TestTools
import Testing

@testable import API
@testable import Service

/// The service's HTTP side over a store that the test goes on writing to. Confined to one test.
final class LiveService {
    static let schema = KeySchema(partition: KeyAttribute(name: "id", type: .string))

    private final class Clock: Sendable {
        let wall = Mutex<Int64>(1_700_000_000_000)
    }

    let front: HTTPFront
    let port: Int
    private let store = ReplicaStore()
    private let clock = Clock()
    private(set) var writer: GenerationWriter
    private var version: UInt64 = 1_000_000_000_000_000_000

    init(
        settings change: (inout Settings) -> Void = { _ in },
        limits: HTTPServerLimits = HTTPServerLimits()
    ) throws {
        var settings = Settings(table: "orders")
        settings.loops = 1
        settings.crossOrigins = .any
        settings.server = limits
        change(&settings)
        let clock = clock
        let view = ReplicaView(
            store: store,
            conditions: { ReplicaConditions(state: .live, lagMilliseconds: 12) },
            status: {
                var status = ReplicationStatus()
                status.state = .live
                status.reason = "following the stream"
                return status
            },
            wallMilliseconds: { clock.wall.withLock { $0 } }
        )
        front = HTTPFront(
            view: view,
            settings: settings,
            isLoopback: true,
            metrics: ServiceMetrics(registry: PrometheusRegistry())
        )
        port = try front.start(on: ListenPlan([ListenAddress(host: "127.0.0.1", port: 0)])).port
        let storeLimits = settings.replication.storeLimits
        writer = GenerationWriter(epoch: try #require(Epoch("aaaaaaaa")), keySchema: Self.schema, limits: storeLimits)
    }

    func stop() async { await front.stop(drainDelay: .zero, grace: .milliseconds(100), time: .system) }

    /// Ends the bootstrap and publishes.
    func goLive() {
        writer.endBootstrap()
        publish()
    }

    func publish() {
        store.publish(writer.snapshot())
        front.wakeStreams()
    }

    func moveWallClock(by milliseconds: Int64) { clock.wall.withLock { $0 += milliseconds } }

    func put(_ id: String, _ attributes: [AttributeName: AttributeValue]) throws {
        try apply(id, .put(Item(attributes.merging(["id": .string(id)]) { $1 })))
    }

    func put(_ id: String, _ value: Int) throws { try put(id, ["v": .number(String(value))]) }

    func remove(_ id: String, cause: ChangeCause = .stream) throws { try apply(id, .remove, cause: cause) }

    private func apply(_ id: String, _ outcome: Change.Outcome, cause: ChangeCause = .stream) throws {
        version += 1
        let change = Change(
            key: try ItemKey(partition: .string(id), schema: Self.schema),
            outcome: outcome,
            version: SequenceNumber(String(version)),
            at: 1_700_000_000_000,
            cause: cause
        )
        try #require(writer.apply(change))
    }

    /// What the table holds: `v` by id.
    func contents() -> [String: Int] { writer.snapshot().valuesByID }

    /// Subscribers as `/v1/status` counts them.
    func subscribers() throws -> Int {
        let client = try FeedClient(port: port, "/v1/status", fields: ["Connection: close"])
        try client.waitForEnd()
        let text = String(decoding: client.body, as: UTF8.self)
        return Int(text.split(separator: "\"subscribers\":").last?.prefix { $0.isNumber } ?? "") ?? -1
    }

    /// A metric without labels; -1 where there is none.
    func metric(_ name: String) throws -> Int {
        let client = try FeedClient(port: port, "/metrics", fields: ["Connection: close"])
        try client.waitForEnd()
        let lines = String(decoding: client.body, as: UTF8.self).split(separator: "\n")
        let line = lines.first { $0.hasPrefix("\(name) ") }
        return line.flatMap { Int($0.dropFirst(name.count + 1)) } ?? -1
    }

    /// Polls until `condition`, at most a minute.
    func wait(_ condition: () throws -> Bool) throws {
        for _ in 0..<12_000 {
            if try condition() { return }
            usleep(5000)
        }
        Issue.record("nothing happened within a minute")
    }
}
