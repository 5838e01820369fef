import Basics
import Dispatch
import ServiceTools
import Synchronization
import TableModel
import Telemetry
import Testing

@testable import HTTPServer
@testable import Service

@Suite struct AccessLogTests {
    /// Takes lines, and may hold the writer up.
    private final class Lines: Sendable {
        private let state = Mutex<[String]>([])
        let gate = DispatchSemaphore(value: 0)
        let reached = DispatchSemaphore(value: 0)
        var all: [String] { state.withLock { $0 } }

        func append(_ bytes: [UInt8]) -> Bool {
            state.withLock { $0.append(String(decoding: bytes, as: UTF8.self)) }
            return true
        }
    }

    private func fixture(_ lines: Lines) throws -> ServiceFixture {
        let fixture = try ServiceFixture { AccessLog(registry: $0, queue: LogQueue { lines.append($0) }) }
        try fixture.publish([["id": .string("a")]], schema: ServiceFixture.single)
        return fixture
    }

    private static let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    @Test("writes one JSON object a request: route, cut target, status, bytes, time, peer, ids")
    func request() async throws {
        let lines = Lines()
        let fixture = try fixture(lines)
        let answer = try fixture.request(
            "/v1/items/a?format=plain",
            fields: ["X-Request-Id: r-1", "traceparent: \(Self.trace)"]
        )
        #expect(answer["x-request-id"] == "r-1")
        let missing = try fixture.request("/v1/items/\(String(repeating: "b", count: 300))")
        await fixture.stop()
        #expect(lines.all.count == 2)
        let line = try #require(lines.all.first)
        #expect(line.contains(#""level":"info","logger":"tablecast.access","message":"request","metadata":{"bytes":"#))
        for part in [
            #""method":"GET""#, #""parent_id":"00f067aa0ba902b7""#, #""path":"/v1/items/a""#, #""peer":"127.0.0.1""#,
            #""query":"format=plain""#, #""request_id":"r-1""#, #""route":"/v1/items/{pk}""#, #""status":200"#,
            #""trace_id":"4bf92f3577b34da6a3ce929d0e0e4736"}}"#,
        ] { #expect(line.contains(part), "\(part) in \(line)") }
        let numbers = /"bytes":(\d+),"client":"127\.0\.0\.1","duration_ms":\d+\.\d+,/
        #expect(try #require(line.firstMatch(of: numbers)).1.count == 3)
        #expect(lines.all[1].contains(#""path":"/v1/items/\#(String(repeating: "b", count: 246))…","#))
        #expect(missing.status == 404)
        let id = try #require(missing["x-request-id"])
        #expect(lines.all[1].contains(#""request_id":"\#(id)""#))
        #expect(missing.body.hasSuffix(#","request_id":"\#(id)"}"#))
    }

    @Test(
        "never shows a ticket or a token of the query, however its name is written",
        arguments: [
            ("ticket=s3cret", "ticket=***"), ("a=1&ticket=s3cret&b=2", "a=1&ticket=***&b=2"),
            ("%74icket=s3cret", "%74icket=***"), ("TICKET=s3cret", "TICKET=***"), ("ticket=s3cret=x", "ticket=***"),
            ("access_token=s3cret&&token=s3cret", "access_token=***&&token=***"),
            ("tickets=1&ticket", "tickets=1&ticket"),
        ]
    )
    func secrets(_ query: String, _ shown: String) async throws {
        let lines = Lines()
        let fixture = try fixture(lines)
        _ = try fixture.request("/v1/status?\(query)")
        await fixture.stop()
        #expect(lines.all.first?.contains(#""query":"\#(shown)""#) == true, "\(lines.all)")
        #expect(!lines.all.joined().contains("s3cret"))
    }

    @Test(
        "leaves parameters out that others append to URLs",
        arguments: [
            ("format=plain&utm_source=x", #""query":"format=plain","#),
            ("_=1&format=plain", #""query":"format=plain","#),
            ("%75tm_source=%E9&ngsw-bypass&format=plain&fbclid=1&gclid=2", #""query":"format=plain","#),
            ("_=1&utm_source=x", nil),
        ]
    )
    func ignored(_ query: String, _ shown: String?) async throws {
        let lines = Lines()
        let fixture = try fixture(lines)
        #expect(try fixture.request("/v1/items/a?\(query)").status == 200)
        await fixture.stop()
        let line = try #require(lines.all.first)
        #expect(shown.map { line.contains($0) } ?? !line.contains("query"), "\(line)")
    }

    @Test("tells of a stream when it ends, with its life and how it ended")
    func stream() async throws {
        let lines = Lines()
        let fixture = try fixture(lines)
        let answer = try fixture.request("/v1/events?timeout=0", fields: ["X-Request-Id: s-1"])
        #expect(answer.status == 200)
        await fixture.stop()
        #expect(lines.all.count == 1)
        let line = try #require(lines.all.first)
        for part in [
            #""message":"stream""#, #""end":"completed""#, #""route":"/v1/events""#, #""request_id":"s-1""#,
            #""bytes":\#(answer.body.utf8.count),"#,
        ] { #expect(line.contains(part), "\(part) in \(line)") }
    }

    @Test("tells of bytes that never became a request")
    func rejected() async throws {
        let lines = Lines()
        let fixture = try fixture(lines)
        let answer = try fixture.request("/v1/%zz")
        await fixture.stop()
        let line = try #require(lines.all.first)
        #expect(
            line.contains(
                #""peer":"127.0.0.1","reason":"the request target holds an invalid percent-escape: two hexadecimal digits"#
            )
        )
        let id = answer["x-request-id"] ?? "none"
        #expect(line.contains(#","request_id":"\#(id)","status":400}}"#))
        #expect(
            answer.body.hasSuffix(#","request_id":"\#(id)"}"#)
        )
    }

    @Test("drops what is too much for a slow reader, counts it and says it, without waiting")
    func bounded() async throws {
        let lines = Lines()
        let registry = PrometheusRegistry()
        var limits = AccessLogLimits()
        limits.waitingEntries = 3
        let queue = LogQueue { line in
            let isFirst = lines.all.isEmpty
            defer {
                if isFirst {
                    lines.reached.signal()
                    // The reader of the log that does not read: holds the log's own queue only.
                    lines.gate.wait()
                }
            }
            return lines.append(line)
        }
        let log = AccessLog(registry: registry, limits: limits, queue: queue)
        let outcome = HTTPOutcome(route: nil, status: 400, bytes: 1, duration: .milliseconds(1))
        log.record(AccessEntry(nil, outcome, limits: limits))
        lines.reached.wait()
        for _ in 0..<5 { log.record(AccessEntry(nil, outcome, limits: limits)) }
        #expect(registry.exposition().contains("\ntablecast_access_log_dropped_total 2\n"))
        lines.gate.signal()
        await log.flush(within: .seconds(30), time: .system)
        #expect(lines.all.count == 5)
        #expect(
            lines.all.last?.contains(
                #""message":"2 requests are missing here: the log is read too slowly; at most 3 wait""#
            ) == true
        )
    }

    @Test("lets the end of the process wait for a reader who never reads only so long")
    func flushIsBounded() async {
        let lines = Lines()
        let queue = LogQueue { _ in
            lines.gate.wait()
            return true
        }
        let log = AccessLog(registry: PrometheusRegistry(), queue: queue)
        let outcome = HTTPOutcome(route: nil, status: 400, bytes: 1, duration: .zero)
        log.record(AccessEntry(nil, outcome, limits: log.limits))
        let clock = Mutex(Duration.zero)
        let time = TimeSource(
            continuous: { clock.withLock { $0 } },
            wallMilliseconds: { 0 },
            sleep: { step in clock.withLock { $0 += step } },
            random: { 0 }
        )
        await log.flush(within: .seconds(1), time: time)
        #expect(clock.withLock { $0 } == .seconds(1))
        lines.gate.signal()
    }
}
