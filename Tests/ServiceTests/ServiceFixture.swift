import AWSClient
import Glibc
import HTTPServer
import ReplicaStore
import Replication
import Synchronization
import TableModel
import Telemetry
import Testing

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
    private let shared: Shared

    private final class Shared: Sendable {
        let status = Mutex(ReplicationStatus())
    }

    /// `limits` changes the API's limits; pages hold 4,096 bytes unless it says otherwise. `accessLog` is made over the registry that
    /// `/metrics` shows.
    init(
        accessLog: (PrometheusRegistry) -> AccessLog? = { _ in nil },
        limits change: (inout APILimits) -> Void = { _ in }
    ) throws {
        let shared = Shared()
        self.shared = shared
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
        var limits = APILimits()
        limits.pageBytes = 4096
        change(&limits)
        let registry = PrometheusRegistry()
        front = HTTPFront(
            view: view,
            settings: settings,
            metrics: ServiceMetrics(registry: registry),
            accessLog: accessLog(registry),
            apiLimits: limits
        )
        port = try front.start(ListenAddress(host: "127.0.0.1", port: 0)).port
    }

    func setStatus(_ change: (inout ReplicationStatus) -> Void) { shared.status.withLock { change(&$0) } }

    /// Publishes a generation with `items`, and goes live.
    func publish(_ items: [[String: AttributeValue]], schema: KeySchema, epoch: String = "aaaaaaaa") throws {
        let epoch = try #require(Epoch(epoch))
        let writer = GenerationWriter(epoch: epoch, keySchema: schema, limits: StoreLimits())
        for attributes in items {
            let item = Item(attributes)
            let key = try item.packed.withUnsafeBytes { try PackedItem.key(of: $0, schema: schema) }
            let change = Change(key: key, outcome: .put(item), version: nil, at: 1_700_000_000_000, cause: .stream)
            #expect(writer.apply(change))
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
    func request(_ target: String, method: String = "GET", fields: [String] = []) throws -> Answer {
        let lines = ["\(method) \(target) HTTP/1.1", "Host: test", "Connection: close"] + fields
        return Answer(try exchange(lines.joined(separator: "\r\n") + "\r\n\r\n"))
    }

    private func exchange(_ text: String) throws -> [UInt8] {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        // A stuck server fails the test instead of hanging it.
        var patience = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(connected == 0)
        let bytes = Array(text.utf8)
        try #require(send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count)
        var received: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            try #require(count >= 0, "the server did not close in time")
            if count == 0 { return received }
            received += buffer.prefix(count)
        }
    }
}

/// A response as it came over the wire, chunks joined.
struct Answer {
    let status: Int
    let fields: [(name: String, value: String)]
    let body: String

    init(_ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        let separator = "\r\n\r\n"
        let parts = text.split(separator: separator, maxSplits: 1, omittingEmptySubsequences: false)
        let lines = (parts.first ?? "").split(separator: "\r\n")
        status = Int((lines.first ?? "").split(separator: " ").dropFirst().first ?? "") ?? 0
        fields = lines.dropFirst().map { line in
            let pair = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            return (pair[0].lowercased(), pair.count > 1 ? String(pair[1].drop { $0 == " " }) : "")
        }
        let raw = parts.count > 1 ? String(parts[1]) : ""
        let isChunked = fields.contains { $0 == ("transfer-encoding", "chunked") }
        body = isChunked ? Self.unchunk(Array(raw.utf8)) : raw
    }

    subscript(name: String) -> String? { fields.first { $0.name == name }?.value }

    private static func unchunk(_ bytes: [UInt8]) -> String {
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
        return String(decoding: body, as: UTF8.self)
    }
}
