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

/// The service's HTTP side in this process, on a free port, over a store that the test fills.
final class ServiceFixture: Sendable {
    static let composite = KeySchema(
        partition: KeyAttribute(name: "pk", type: .string),
        sort: KeyAttribute(name: "sk", type: .number)
    )
    static let single = KeySchema(partition: KeyAttribute(name: "id", type: .string))
    static let binary = KeySchema(partition: KeyAttribute(name: "id", type: .binary))

    let store = ReplicaStore()
    let front: HTTPFront
    let port: Int
    let authenticator: Authenticator?
    private let shared: Shared

    private final class Shared: Sendable {
        let status = Mutex(ReplicationStatus())
    }

    /// `accessLog` is made over the registry that `/metrics` shows. `limits` and `settings` change what a test needs otherwise;
    /// `authenticator` asks for tokens.
    init(
        accessLog: (PrometheusRegistry) -> AccessLog? = { _ in nil },
        authenticator: Authenticator? = nil,
        isLoopback: Bool = true,
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
            apiLimits: limits
        )
        port = try front.start(at: ResolvedAddress(host: "127.0.0.1", port: 0))
    }

    func setStatus(_ change: (inout ReplicationStatus) -> Void) { shared.status.withLock { change(&$0) } }

    /// Publishes a generation with `items`, and goes live.
    /// Those whose keys are among `unreadable` have an item that cannot be read.
    func publish(
        _ items: [[AttributeName: AttributeValue]],
        unreadable: [[AttributeName: AttributeValue]] = [],
        schema: KeySchema,
        epoch: String = "aaaaaaaa"
    ) throws {
        let epoch = try #require(Epoch(epoch))
        let writer = GenerationWriter(epoch: epoch, keySchema: schema, limits: StoreLimits())
        for attributes in items {
            let item = Item(attributes)
            let key = try item.packed.withUnsafeBytes { try PackedItem.key(of: $0, schema: schema) }
            let change = Change(key: key, outcome: .put(item), version: nil, at: 1_700_000_000_000, cause: .stream)
            #expect(writer.apply(change))
        }
        for attributes in unreadable {
            let key = try Item(attributes).packed.withUnsafeBytes { try PackedItem.key(of: $0, schema: schema) }
            #expect(writer.applyUnreadableRow(key, at: 1_700_000_000_000))
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

    func stop() async { await front.stop(drainDelay: .zero, grace: .milliseconds(100), time: .system) }

    /// A request over a real socket; the answer when the server has closed. `fields` are whole lines.
    func request(
        _ target: String,
        method: String = "GET",
        fields: [String] = [],
        host: String = "localhost"
    ) throws -> Answer {
        try answer(on: begin(target, method: method, fields: fields, host: host))
    }

    /// A POST of a JSON body.
    func post(_ target: String, _ body: String, fields: [String] = ["Content-Type: application/json"]) throws -> Answer
    {
        try answer(on: begin(target, method: "POST", fields: fields, body: body))
    }

    /// Sends a request and does not wait for its answer.
    func begin(
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
    func waitForWaiting(_ count: Int) async throws {
        let line = "\ntablecast_http_waiting_requests \(count)\n"
        #expect(try await comesTrue { try request("/metrics").body.contains(line) }, "\(count) requests never waited")
    }

    private func send(_ text: String) throws -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        try #require(descriptor >= 0)
        // A stuck server fails the test instead of hanging it.
        var patience = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        try #require(connectToLoopback(descriptor, port: port))
        let bytes = Array(text.utf8)
        try #require(Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count)
        return descriptor
    }

    /// The answer to a request that was begun, when the server has closed.
    func answer(on descriptor: Int32) throws -> Answer {
        defer { close(descriptor) }
        var received: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = receive(descriptor, into: &buffer)
            try #require(count >= 0, "the server did not close in time")
            if count == 0 { return Answer(received) }
            received += buffer.prefix(count)
        }
    }
}

/// A response as it came over the wire, chunks joined.
struct Answer {
    let status: Int
    let fields: [(name: String, value: String)]
    let body: String

    /// The body's bytes as they came, for those that are no text.
    let bytes: [UInt8]

    init(_ received: [UInt8]) {
        let separator = Array("\r\n\r\n".utf8)
        let end = received.indices.first { received[$0...].starts(with: separator) } ?? received.endIndex
        let lines = String(decoding: received[..<end], as: UTF8.self).split(separator: "\r\n")
        status = Int((lines.first ?? "").split(separator: " ").dropFirst().first ?? "") ?? 0
        fields = lines.dropFirst().map { line in
            let pair = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            return (pair[0].lowercased(), pair.count > 1 ? String(pair[1].drop { $0 == " " }) : "")
        }
        let raw = Array(received[min(end + 4, received.endIndex)...])
        let isChunked = fields.contains { $0 == ("transfer-encoding", "chunked") }
        bytes = isChunked ? Self.unchunk(raw) : raw
        body = String(decoding: bytes, as: UTF8.self)
    }

    subscript(name: String) -> String? { fields.first { $0.name == name }?.value }
    /// The members of a field that is a list, over all its lines (RFC 9110 section 5.3), sorted.
    func members(of name: String) -> [String] {
        fields.filter { $0.name == name }.flatMap { $0.value.split(separator: ",") }
            .map { String($0.drop { $0 == " " }) }.sorted()
    }

    private static func unchunk(_ bytes: [UInt8]) -> [UInt8] {
        var rest = bytes[...]
        var body: [UInt8] = []
        while let end = rest.firstIndex(of: 13),
            let size = Int(String(decoding: rest[..<end], as: UTF8.self), radix: 16)
        {
            if size == 0 { break }
            rest = rest[(end + 2)...]
            body += rest.prefix(size)
            rest = rest.dropFirst(size + 2)
        }
        return body
    }
}
