import Synchronization
import TestTools
import Testing

@testable import HTTPServer

/// A body of a known or unknown length, in pieces of 64 KiB.
private final class PiecesBody: StreamingBody {
    let length: Int?
    private var left: Int
    private let ended: (@Sendable (StreamEnd) -> Void)?

    init(_ count: Int, isLengthKnown: Bool = true, ended: (@Sendable (StreamEnd) -> Void)? = nil) {
        length = isLengthKnown ? count : nil
        left = count
        self.ended = ended
    }

    func produce(into output: inout [UInt8], budget: Int, now: Duration) -> StreamStep {
        let count = min(left, budget)
        output += repeatElement(UInt8(ascii: "x"), count: count)
        left -= count
        return left == 0 ? .end : .again
    }

    func drain() {}
    func finished(_ reason: StreamEnd) { ended?(reason) }
}

@Suite struct PendingBytesTests {
    private static let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

    @Test("a stream of known length has a Content-Length, and its connection serves the next request")
    func knownLength() async throws {
        let handler = ClosureHandler { request in
            HTTPResponse(status: 200, body: .stream(PiecesBody(300_000, isLengthKnown: request.rawPath == "/known")))
        }
        try await withServer(handler) { _, port in
            let client = try RawClient(port: port)
            for _ in 0..<2 {
                try await client.send("GET /known HTTP/1.1\r\nHost: a\r\n\r\n")
                let known = try await client.receiveResponse()
                #expect(known.field("content-length") == "300000")
                #expect(known.field("transfer-encoding") == nil)
                #expect(known.body.utf8.count == 300_000)
            }
            try await client.send("HEAD /known HTTP/1.1\r\nHost: a\r\n\r\nGET /other HTTP/1.1\r\nHost: a\r\n\r\n")
            let head = try await client.receiveResponse(toHead: true)
            #expect(head.field("content-length") == "300000")
            #expect(try await client.receiveResponse().body.utf8.count == 300_000)
            // HTTP/1.0 gets the length too, and the end of the connection where there is none.
            let old = try await exchange("GET /known HTTP/1.0\r\n\r\n", port: port)
            #expect(old.contains("Content-Length: 300000\r\n"))
            let older = try await exchange("GET /other HTTP/1.0\r\n\r\n", port: port)
            #expect(!older.contains("Content-Length") && older.utf8.count > 300_000)
        }
    }

    @Test("what waits is counted over all connections, and is nothing when they are gone")
    func counted() async throws {
        let big = [UInt8](repeating: 97, count: 8_000_000)
        let handler = ClosureHandler { _ in HTTPResponse(status: 200, body: .bytes(big)) }
        let pending = PendingBytes(limit: 1 << 30)
        let server = HTTPServer(handler: handler, observer: nil, loops: 2, pendingBytes: pending)
        let port = try server.start(host: "127.0.0.1", port: 0)
        let clients = try (0..<4).map { _ in try RawClient(port: port, receiveBuffer: 4_096) }
        for client in clients { try await client.send(Self.get) }
        // All four bodies, less what the kernel took.
        await eventually("all are counted") { pending.bytes > 16_000_000 }
        #expect(pending.bytes <= 4 * big.count + 10_000)
        for client in clients { client.close() }
        await eventually("nothing is left") { pending.bytes == 0 }
        await server.stop(within: .zero)
    }

    @Test("a body that does not come to its end is counted as well")
    func bodies() async throws {
        let pending = PendingBytes(limit: 1 << 30)
        let server = HTTPServer(handler: echo, observer: nil, loops: 1, pendingBytes: pending)
        let port = try server.start(host: "127.0.0.1", port: 0)
        let client = try RawClient(port: port)
        let body = String(repeating: "x", count: 200_000)
        try await client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 200001\r\n\r\n" + body)
        await eventually("the body is counted") { pending.bytes >= 200_000 }
        try await client.send("y")
        #expect(try await client.receiveResponse().status == 200)
        await eventually("nothing is left") { pending.bytes == 0 }
        await server.stop(within: .zero)
    }

    @Test("beyond the bound the connection that holds most is closed, and the bound is kept")
    func bound() async throws {
        let handler = ClosureHandler { request in
            let size = Int(request.rawPath.dropFirst()) ?? 0
            return HTTPResponse(status: 200, body: .bytes([UInt8](repeating: 97, count: size)))
        }
        let pending = PendingBytes(limit: 20_000_000)
        let observer = RecordingObserver()
        let limits = HTTPServerLimitsTests.limits { $0.pressureGrace = .milliseconds(1) }
        let server = HTTPServer(handler: handler, observer: observer, limits: limits, loops: 2, pendingBytes: pending)
        let port = try server.start(host: "127.0.0.1", port: 0)
        var clients: [RawClient] = []
        for size in [9_000_000, 5_000_000, 8_000_000, 7_000_000, 6_000_000] {
            let client = try RawClient(port: port, receiveBuffer: 4_096)
            try await client.send("GET /\(size) HTTP/1.1\r\nHost: a\r\n\r\n")
            clients.append(client)
            await eventually("it is answered") { observer.current.statuses.count == clients.count }
            await eventually("the bound is kept") { pending.bytes <= pending.limit }
        }
        #expect(pending.closed >= 1)
        #expect(pending.bytes > 5_000_000)
        let warnings = observer.current.warnings
        #expect(warnings.contains { $0.hasPrefix("large responses are refused and stalled connections closed: ") })
        #expect(warnings.contains { $0.hasSuffix("raise --max-pending-bytes.") })
        // Those that are left are served whole.
        let small = try RawClient(port: port)
        try await small.send("GET /10 HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try await small.receiveResponse().status == 200)
        for client in clients { client.close() }
        await server.stop(within: .zero)
        #expect(pending.bytes == 0)
    }

    @Test("a refusal makes room: the stalled connection that holds most is closed, no other")
    func refusal() async throws {
        let pending = PendingBytes(limit: 20_000_000)
        let handler = ClosureHandler { request in
            let size = Int(request.rawPath.dropFirst()) ?? 0
            guard pending.admits(size) else { return .text("later", status: 503) }
            return HTTPResponse(status: 200, body: .bytes([UInt8](repeating: 97, count: size)))
        }
        let limits = HTTPServerLimitsTests.limits { $0.pressureGrace = .milliseconds(1) }
        let server = HTTPServer(handler: handler, observer: nil, limits: limits, loops: 1, pendingBytes: pending)
        let port = try server.start(host: "127.0.0.1", port: 0)
        func get(_ size: Int) async throws -> RawClient {
            let client = try RawClient(port: port, receiveBuffer: 4_096)
            try await client.send("GET /\(size) HTTP/1.1\r\nHost: a\r\n\r\n")
            return client
        }
        let largest = try await get(10_000_000)
        await eventually("it waits") { pending.bytes > 9_000_000 }
        let smaller = try await get(8_000_000)
        await eventually("both wait") { pending.bytes > 16_000_000 }
        let closed = pending.closed
        let refused = try await get(9_000_000)
        #expect(try await refused.receiveResponse().status == 503)
        #expect(pending.refused == 1)
        await eventually("there is room") { pending.closed == closed + 1 && pending.bytes < 9_000_000 }
        smaller.widen()
        #expect(try await smaller.receiveResponse().body.utf8.count == 8_000_000)
        let again = try await get(9_000_000)
        again.widen()
        #expect(try await again.receiveResponse().status == 200)
        largest.close()
        await server.stop(within: .zero)
    }
}

@Suite struct ReadPaceTests {
    private static let second: Instant = 1_000_000_000
    private let timeouts = Timeouts(
        HTTPServerLimitsTests.limits {
            $0.responseBytesPerSecond = 1_000
            $0.responseGrace = .seconds(10)
        }
    )

    @Test("a client that takes nothing has the grace, and one that keeps up the rate has it for ever")
    func rate() {
        var pace = ReadPace()
        pace.begin(response: 1, now: 100 * Self.second, timeouts)
        #expect(pace.deadline == 110 * Self.second)
        for step in 1...100 { pace.took(5_000, now: Instant(100 + 5 * step) * Self.second, timeouts) }
        #expect(pace.deadline == 610 * Self.second)
    }

    @Test("a byte now and then buys no time")
    func trickle() {
        var pace = ReadPace()
        pace.begin(response: 1, now: 0, timeouts)
        for step in 1...9 { pace.took(1, now: Instant(step) * Self.second, timeouts) }
        #expect(pace.deadline < 11 * Self.second)
    }

    @Test("what was taken fast buys no more than the grace")
    func cap() {
        var pace = ReadPace()
        pace.begin(response: 1, now: 0, timeouts)
        pace.took(1_000_000_000, now: Self.second, timeouts)
        #expect(pace.deadline == 11 * Self.second)
        pace.took(.max, now: 2 * Self.second, timeouts)
        #expect(pace.deadline == 12 * Self.second)
    }

    @Test("time in which nothing waits is not counted, and the next response begins with the whole grace")
    func idle() {
        var pace = ReadPace()
        pace.begin(response: 1, now: 0, timeouts)
        pace.took(1_000, now: 6 * Self.second, timeouts)
        // Five seconds are left, however long nothing waited.
        pace.begin(response: 1, now: 1_000 * Self.second, timeouts)
        #expect(pace.deadline == 1_005 * Self.second)
        pace.begin(response: 2, now: 2_000 * Self.second, timeouts)
        #expect(pace.deadline == 2_010 * Self.second)
    }

    @Test("a client that reads too slowly is closed as stalled, though it takes some all the time")
    func slowReader() async throws {
        let ended = Mutex<StreamEnd?>(nil)
        let handler = ClosureHandler { _ in
            HTTPResponse(
                status: 200,
                body: .stream(PiecesBody(50_000_000) { reason in ended.withLock { $0 = reason } })
            )
        }
        let limits = HTTPServerLimitsTests.limits {
            $0.responseBytesPerSecond = 100_000_000
            $0.responseGrace = .milliseconds(300)
        }
        try await withServer(handler, limits: limits) { _, port in
            let client = try RawClient(port: port, receiveBuffer: 4_096)
            try await client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            var bytes = 0
            // Some every 10 ms: each would renew the write stall, which is 30 s.
            while (try? await client.receiveSome()) == true, ended.withLock({ $0 }) == nil {
                bytes = client.received.count
                try await Task.sleep(for: .milliseconds(10))
            }
            await eventually("it is closed") { ended.withLock { $0 } == .stalled }
            #expect(bytes < 50_000_000)
        }
    }
}

/// A body that says nothing for a while, then a word.
private final class QuietBody: StreamingBody {
    private var until: Duration?

    func produce(into output: inout [UInt8], budget: Int, now: Duration) -> StreamStep {
        guard let until else {
            output += "begun\n".utf8
            until = now + .milliseconds(600)
            return .wait(until: until)
        }
        if now < until { return .wait(until: until) }
        output += "ended\n".utf8
        return .end
    }

    func drain() {}
    func finished(_ reason: StreamEnd) {}
}

/// A body without end that must end when it is told so.
private final class EndlessBody: StreamingBody {
    let mayGoOn: @Sendable () -> Bool
    let ended: @Sendable (StreamEnd) -> Void

    init(mayGoOn: @escaping @Sendable () -> Bool, ended: @escaping @Sendable (StreamEnd) -> Void) {
        self.mayGoOn = mayGoOn
        self.ended = ended
    }

    func produce(into output: inout [UInt8], budget: Int, now: Duration) -> StreamStep {
        output += repeatElement(UInt8(ascii: "x"), count: budget)
        return .again
    }

    func mustEnd(now: Duration) -> Bool { !mayGoOn() }
    func drain() {}
    func finished(_ reason: StreamEnd) { ended(reason) }
}

@Suite struct QuietStreamTests {
    @Test("a stream that its client holds up is closed when it keeps too much, though it is never asked for more")
    func heldUp() async throws {
        let mayGoOn = Atomic<Bool>(true)
        let ended = Mutex<StreamEnd?>(nil)
        let handler = ClosureHandler { _ in
            let body = EndlessBody(
                mayGoOn: { mayGoOn.load(ordering: .relaxed) },
                ended: { reason in ended.withLock { $0 = reason } }
            )
            return HTTPResponse(status: 200, body: .stream(body))
        }
        try await withServer(handler) { server, port in
            let client = try RawClient(port: port, receiveBuffer: 4_096)
            try await client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            try await client.receiveSome()
            mayGoOn.store(false, ordering: .relaxed)
            await eventually("it is closed") {
                server.wakeStreams()
                return ended.withLock { $0 } == .stalled
            }
        }
    }

    @Test("a stream that has nothing to send for longer than the grace is not taken for one whose client does not read")
    func quiet() async throws {
        let limits = HTTPServerLimitsTests.limits {
            $0.responseBytesPerSecond = 100_000_000
            $0.responseGrace = .milliseconds(50)
            $0.writeStallTimeout = .milliseconds(50)
        }
        let handler = ClosureHandler { _ in HTTPResponse(status: 200, body: .stream(QuietBody())) }
        try await withServer(handler, limits: limits) { _, port in
            let client = try RawClient(port: port)
            try await client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try await client.receiveResponse().body == "begun\nended\n")
        }
    }

    @Test("a request says what all addresses of its client have in common")
    func clientKey() async throws {
        let handler = ClosureHandler { .text("\($0.clientKey)") }
        try await withServer(handler) { _, port in
            for (source, key) in [("127.0.0.1", "2130706433"), ("127.0.0.2", "2130706434")] {
                let client = try RawClient(port: port, source: source)
                try await client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(try await client.receiveResponse().body == key)
            }
        }
    }
}
