import Glibc
import HTTPServer
import Synchronization
import TestTools
import Testing

/// Answers with a closure, and rejected bytes with their reason as text.
struct ClosureHandler: HTTPHandler {
    let answer: @Sendable (HTTPRequest) -> HTTPResponse
    /// The paths of health probes.
    var probes: Set<String> = []

    func respond(to request: HTTPRequest) -> HTTPResponse { answer(request) }

    func isProbe(_ request: HTTPRequest) -> Bool { probes.contains(request.rawPath) }

    func respondToRejected(_ rejected: RejectedRequest) -> HTTPResponse {
        .text(rejected.reason, status: rejected.status)
    }
}

extension HTTPResponse {
    static func text(_ text: String, status: Int = 200) -> HTTPResponse {
        var fields = HTTPFields()
        fields.add("Content-Type", "text/plain")
        return HTTPResponse(status: status, fields: fields, body: .bytes(Array(text.utf8)))
    }
}

/// Says what was asked: method, path, query and body.
let echo = ClosureHandler { request in
    let query = request.rawQuery.map { "?" + $0 } ?? ""
    return .text("\(request.method.name) \(request.rawPath)\(query) [\(String(decoding: request.body, as: UTF8.self))]")
}

/// Remembers what a server reports.
final class RecordingObserver: HTTPServerObserver {
    struct Record: Sendable {
        var opened = 0
        var closed = 0
        var refused: [HTTPRefusal] = []
        var probes: [HTTPRefusal] = []
        var statuses: [Int] = []
        var routes: [String?] = []
        var bytes: [Int] = []
        var methods: [HTTPMethod?] = []
        var rejected: [RejectedPeer] = []
        var warnings: [String] = []
    }

    private let record = Mutex(Record())

    var current: Record { record.withLock { $0 } }

    func connectionOpened() { record.withLock { $0.opened += 1 } }
    func connectionClosed() { record.withLock { $0.closed += 1 } }
    func connectionRefused(_ reason: HTTPRefusal) { record.withLock { $0.refused.append(reason) } }
    func probeAdmitted(_ reason: HTTPRefusal) { record.withLock { $0.probes.append(reason) } }
    func responded(to request: HTTPRequest?, _ outcome: HTTPOutcome) {
        record.withLock {
            $0.statuses.append(outcome.status)
            $0.routes.append(outcome.route?.pattern)
            $0.bytes.append(outcome.bytes)
            $0.methods.append(request?.method)
            if let rejected = outcome.rejected { $0.rejected.append(rejected) }
        }
    }
    func serverWarning(_ text: String) { record.withLock { $0.warnings.append(text) } }
}

/// Runs `body` with a server on a free port, and stops it after.
func withServer(
    _ handler: any HTTPHandler = echo,
    limits: HTTPServerLimits = HTTPServerLimits(),
    observer: (any HTTPServerObserver)? = nil,
    proxies: TrustedProxies = TrustedProxies(),
    loops: Int = 1,
    _ body: (_ server: HTTPServer, _ port: Int) async throws -> Void
) async throws {
    let server = HTTPServer(handler: handler, observer: observer, limits: limits, proxies: proxies, loops: loops)
    let port = try server.start(host: "127.0.0.1", port: 0)
    do {
        try await body(server, port)
    } catch {
        await server.stop(within: .zero)
        throw error
    }
    await server.stop(within: .zero)
    #expect(server.openConnections == 0)
}

/// Waits until `condition` holds, a minute at most.
func eventually(
    _ what: Comment,
    sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () -> Bool
) async {
    if await !comesTrue(condition) { Issue.record(what, sourceLocation: sourceLocation) }
}

/// What `count` comes to when it stays the same while the server's one loop answers another client twenty times: the loop had its turns,
/// and did not go on. `/plain` must be answered.
func settled(port: Int, _ count: () -> Int) async throws -> Int {
    let other = try RawClient(port: port)
    while true {
        let seen = count()
        for _ in 0..<20 {
            try await other.send("GET /plain HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try await other.receiveResponse().status == 200)
        }
        if count() == seen { return seen }
    }
}

/// What a server answers to `bytes` on a connection of their own: everything until it closes. The client half-closes,
/// so a connection that the server would keep ends, too.
func exchange(_ bytes: String, port: Int) async throws -> String {
    let client = try RawClient(port: port)
    try await client.send(bytes)
    client.finishSending()
    return try await client.receiveAll()
}
