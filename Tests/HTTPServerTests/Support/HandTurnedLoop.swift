import Glibc
import Synchronization
import Testing

@testable import HTTPServer

/// An event loop that the test turns by hand, over socket pairs, with a clock that only the handler's work moves.
final class HandTurnedLoop {
    /// Microseconds; what the script's work costs is added to it.
    final class Script: HTTPHandler {
        private let microseconds = Atomic<Int64>(1_000_000)
        private let log = Mutex<[String]>([])

        var now: Instant { microseconds.load(ordering: .relaxed) * 1_000 }
        /// The requests answered and the steps taken, in order.
        var seen: [String] { log.withLock { $0 } }

        func pass(_ cost: Int64) { microseconds.add(cost, ordering: .relaxed) }

        func work(_ path: String, _ cost: Int64) {
            microseconds.add(cost, ordering: .relaxed)
            log.withLock { $0.append(path) }
        }

        /// `/name/cost` takes so many microseconds. `/name/cost/steps` takes as many steps, each of that cost; `/name/cost/stream` is
        /// a stream that finds nothing, for ever.
        func respond(to request: HTTPRequest) -> HTTPResponse {
            let path = request.rawPath
            let parts = path.split(separator: "/")
            let cost = Int64(parts.count > 1 ? parts[1] : "0") ?? 0
            guard parts.count > 2 else {
                work(path, cost)
                return .text(path)
            }
            if parts[2] == "stream" { return HTTPResponse(status: 200, body: .stream(Search(self, path, cost))) }
            return HTTPResponse(status: 200, body: .pending(Steps(self, path, cost, Int(parts[2]) ?? 1)))
        }

        func respondToRejected(_ rejected: RejectedRequest) -> HTTPResponse {
            .text(rejected.reason, status: rejected.status)
        }
    }

    private final class Steps: PendingResponse {
        let script: Script
        let path: String
        let cost: Int64
        var left: Int
        init(_ script: Script, _ path: String, _ cost: Int64, _ left: Int) {
            (self.script, self.path, self.cost, self.left) = (script, path, cost, left)
        }
        func poll(now: Duration) -> PendingStep {
            script.work(path, cost)
            left -= 1
            return left > 0 ? .again : .answer(.text(path))
        }
        func drain() {}
        func finished(_ reason: StreamEnd) {}
    }

    private final class Search: StreamingBody {
        let script: Script
        let path: String
        let cost: Int64
        init(_ script: Script, _ path: String, _ cost: Int64) {
            (self.script, self.path, self.cost) = (script, path, cost)
        }
        func produce(into output: inout [UInt8], budget: Int, now: Duration) -> StreamStep {
            script.work(path, cost)
            return .again
        }
        func drain() {}
        func finished(_ reason: StreamEnd) {}
    }

    let script = Script()
    private let handle: EventLoopHandle
    private let loop: EventLoop
    private var clients: [Int32] = []

    /// Each look at the clock takes `tick` microseconds. `clock` replaces the clock that the work moves.
    init(
        _ limits: HTTPServerLimits = HTTPServerLimits(),
        tick: Int64 = 0,
        clock: (() -> Instant)? = nil
    ) throws {
        let script = script
        handle = try EventLoopHandle(
            index: 0,
            addresses: AddressCounts(limit: 0),
            pendingBytes: PendingBytes(limit: limits.pendingBytes)
        )
        loop = try EventLoop(
            handle,
            HTTPServerConfiguration(handler: script, observer: nil, limits: limits, notes: []),
            time: clock ?? {
                script.pass(tick)
                return script.now
            }
        )
    }

    deinit {
        for client in clients { close(client) }
    }

    /// A client of an address; its descriptor.
    func connect(address: UInt64 = 1) throws -> Int32 {
        var pair: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        try #require(socketpair(AF_UNIX, kind, 0, &pair) == 0)
        clients.append(pair[0])
        #expect(handle.adopt(AcceptedConnection(testing: pair[1], address: UInt32(address))))
        loop.turn()
        return pair[0]
    }

    func send(_ client: Int32, _ paths: String...) throws {
        try send(client, text: paths.map { "GET \($0) HTTP/1.1\r\nHost: a\r\n\r\n" }.joined())
    }

    func send(_ client: Int32, text: String) throws {
        try #require(Glibc.send(client, text, text.utf8.count, Int32(MSG_NOSIGNAL)) == text.utf8.count)
    }

    func finishSending(_ client: Int32) { _ = shutdown(client, Int32(SHUT_WR)) }

    func turn() { loop.turn() }

    /// Whether the loop has more to do without new events.
    var hasMore: Bool { loop.hasWork }

    /// How many responses a client has got by now.
    func responses(_ client: Int32) -> Int {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = recv(client, &buffer, buffer.count, 0)
        return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
            .components(separatedBy: "HTTP/1.1 200 OK\r\n").count - 1
    }
}
