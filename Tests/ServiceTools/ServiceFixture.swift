package import API
import Basics
import Glibc
import HTTPSemantics
import HTTPServer
package import ReplicaStore
package import Replication
package import Service
import Synchronization
package import TableModel
package import Telemetry
import TestTools

/// The service's HTTP side in this process, on a free port, over a store that the test fills.
package final class ServiceFixture: Sendable {
    package static let composite = KeySchema(
        partition: KeyAttribute(name: "pk", type: .string),
        sort: KeyAttribute(name: "sk", type: .number)
    )
    package static let single = KeySchema(partition: KeyAttribute(name: "id", type: .string))
    package static let binary = KeySchema(partition: KeyAttribute(name: "id", type: .binary))

    package let store = ReplicaStore()
    package let front: HTTPFront
    package let port: Int
    package let authenticator: Authenticator?
    private let shared: Shared

    private final class Shared: Sendable {
        let status = Mutex(ReplicationStatus())
    }

    /// `accessLog` is made over the registry that `/metrics` shows. `limits` and `settings` change what a test needs otherwise;
    /// `authenticator` asks for tokens, `aws` is what the status tells of AWS.
    package init(
        accessLog: (PrometheusRegistry) -> AccessLog? = { _ in nil },
        authenticator: Authenticator? = nil,
        isLoopback: Bool = true,
        aws: (@Sendable () -> AWSStatus)? = nil,
        limits changeLimits: (inout APILimits) -> Void = { _ in },
        settings changeSettings: (inout Settings) -> Void = { _ in }
    ) throws {
        let shared = Shared()
        self.shared = shared
        self.authenticator = authenticator
        let view = ReplicaView(
            store: store,
            conditions: {
                shared.status.withLock { ReplicaConditions(state: $0.state, lagMilliseconds: $0.lagMilliseconds) }
            },
            status: { shared.status.withLock { $0 } },
            wallMilliseconds: { 1_700_000_000_000 }
        )
        var settings = Settings(table: "orders")
        settings.loops = 1
        settings.crossOrigins = .any
        var limits = APILimits()
        limits.pageBytes = 4096
        changeLimits(&limits)
        changeSettings(&settings)
        let registry = PrometheusRegistry()
        front = HTTPFront(
            view: view,
            settings: settings,
            isLoopback: isLoopback,
            metrics: ServiceMetrics(registry: registry),
            accessLog: accessLog(registry),
            authenticator: authenticator,
            aws: aws,
            apiLimits: limits
        )
        port = try front.start(on: ListenPlan([ListenAddress(host: "127.0.0.1", port: 0)])).port
    }

    package func setStatus(_ change: (inout ReplicationStatus) -> Void) { shared.status.withLock { change(&$0) } }

    /// Publishes a generation with `items`, and goes live.
    /// Those whose keys are among `unreadable` have an item that cannot be read.
    package func publish(
        _ items: [[AttributeName: AttributeValue]],
        unreadable: [[AttributeName: AttributeValue]] = [],
        schema: KeySchema,
        epoch: String = "aaaaaaaa"
    ) throws {
        guard let epoch = Epoch(epoch) else { throw FixtureError("\(epoch) is no epoch") }
        let writer = GenerationWriter(epoch: epoch, keySchema: schema, limits: StoreLimits())
        for attributes in items {
            let item = Item(attributes)
            let key = try item.packed.withUnsafeBytes { try PackedItem.key(of: $0, schema: schema) }
            let change = Change(key: key, outcome: .put(item), version: nil, at: 1_700_000_000_000, cause: .stream)
            try require(writer.apply(change), "the store took no \(change)")
        }
        for attributes in unreadable {
            let key = try Item(attributes).packed.withUnsafeBytes { try PackedItem.key(of: $0, schema: schema) }
            try require(writer.applyUnreadableRow(key, at: 1_700_000_000_000), "the store took no row")
        }
        writer.endBootstrap()
        store.publish(writer.snapshot())
        setStatus {
            $0.state = .live
            $0.reason = "following the stream"
            $0.tableName = "orders"
            $0.lagMilliseconds = 12
        }
        front.wakeStreams()
    }

    package func stop() async { await front.stop(drainDelay: .zero, grace: .milliseconds(100), time: .system) }

    /// A request over a real socket; the answer when the server has closed. `fields` are whole lines.
    package func request(
        _ target: String,
        method: String = "GET",
        fields: [String] = [],
        host: String = "localhost"
    ) throws -> Answer {
        try answer(on: begin(target, method: method, fields: fields, host: host))
    }

    /// A POST of a JSON body.
    package func post(_ target: String, _ body: String, fields: [String] = ["Content-Type: application/json"]) throws
        -> Answer
    {
        try answer(on: begin(target, method: "POST", fields: fields, body: body))
    }

    /// Sends a request and does not wait for its answer.
    package func begin(
        _ target: String,
        method: String = "GET",
        fields: [String] = [],
        body: String? = nil,
        host: String = "localhost"
    ) throws -> Int32 {
        var lines = ["\(method) \(target) HTTP/1.1", "Host: \(host)", "Connection: close"] + fields
        if let body { lines.append("Content-Length: \(body.utf8.count)") }
        return try send(lines.joined(separator: "\r\n") + "\r\n\r\n" + (body ?? ""))
    }

    /// Waits until as many requests wait for an answer; polled, since the server counts them by itself.
    package func waitForWaiting(_ count: Int) async throws {
        let line = "\ntablecast_http_waiting_requests \(count)\n"
        let isWaiting = try await comesTrue { try request("/metrics").body.contains(line) }
        try require(isWaiting, "\(count) requests never waited")
    }

    private func send(_ text: String) throws -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        try require(descriptor >= 0, "no socket")
        // A stuck server fails the test instead of hanging it.
        var patience = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        try require(connectToLoopback(descriptor, port: port), "no connection")
        let bytes = Array(text.utf8)
        let count = Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        try require(count == bytes.count, "the request was not sent")
        return descriptor
    }

    /// The answer to a request that was begun, when the server has closed.
    package func answer(on descriptor: Int32) throws -> Answer {
        defer { close(descriptor) }
        var received: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = receive(descriptor, into: &buffer)
            try require(count >= 0, "the server did not close in time")
            if count == 0 { return Answer(received) }
            received += buffer.prefix(count)
        }
    }

    private func require(_ condition: Bool, _ failure: String) throws(FixtureError) {
        if !condition { throw FixtureError(failure) }
    }
}

/// A step of a test that its fixture could not do.
package struct FixtureError: Error, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
