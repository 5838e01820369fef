import Glibc
import Synchronization
import Testing

@testable import HTTPServer

/// What tests do to the streams of a server, and see of them, from outside their loops.
final class StreamScript: Sendable {
    struct State: Sendable {
        /// What every stream says, in order; each has its own place in it.
        var lines: [String] = []
        var isOver = false
        var aborts = false
        var produced = 0
        var drains = 0
        var ended: [StreamEnd] = []
    }

    let state = Mutex(State())
    let waits: Duration?

    init(waits: Duration? = nil) { self.waits = waits }

    var current: State { state.withLock { $0 } }
    func change(_ body: (inout State) -> Void) { state.withLock { body(&$0) } }
}

/// Says the script's lines, one a call.
final class ScriptedStream: StreamingBody {
    private let script: StreamScript
    private var position = 0
    private var isDraining = false

    init(_ script: StreamScript) { self.script = script }

    func produce(into output: inout [UInt8], budget: Int, now: Duration) -> StreamStep {
        let (line, state) = script.state.withLock { state -> (String?, StreamScript.State) in
            state.produced += 1
            return (position < state.lines.count ? state.lines[position] : nil, state)
        }
        if state.aborts { return .abort }
        if isDraining {
            output.append(contentsOf: "bye".utf8)
            return .end
        }
        guard let line else { return state.isOver ? .end : .wait(until: script.waits.map { now + $0 }) }
        output.append(contentsOf: line.utf8)
        position += 1
        return .again
    }

    func drain() {
        isDraining = true
        script.change { $0.drains += 1 }
    }

    func finished(_ reason: StreamEnd) { script.change { $0.ended.append(reason) } }
}

/// Says as much as it may, for ever.
final class FloodStream: StreamingBody {
    let script: StreamScript
    init(_ script: StreamScript) { self.script = script }
    func produce(into output: inout [UInt8], budget: Int, now: Duration) -> StreamStep {
        output.append(contentsOf: repeatElement(97, count: budget))
        script.change { $0.produced += 1 }
        return .again
    }
    func drain() {}
    func finished(_ reason: StreamEnd) { script.change { $0.ended.append(reason) } }
}

@Suite struct StreamingBodyTests {
    static func handler(_ script: StreamScript) -> ClosureHandler {
        ClosureHandler { request in
            switch request.rawPath {
            case "/s": HTTPResponse(status: 200, body: .stream(ScriptedStream(script)))
            case "/flood": HTTPResponse(status: 200, body: .stream(FloodStream(script)))
            default: .text("plain")
            }
        }
    }

    static let get = "GET /s HTTP/1.1\r\nHost: a\r\n\r\n"

    @Test("M33: sends each produce as a chunk, the head at once, and goes on with the connection after the end")
    func chunks() async throws {
        let script = StreamScript()
        try await withServer(Self.handler(script)) { server, port in
            let client = try RawClient(port: port)
            try await client.send(Self.get + "GET /plain HTTP/1.1\r\nHost: a\r\n\r\n")
            let head = try await RawResponse(head: client.receive(through: "\r\n\r\n"))
            #expect(head.field("transfer-encoding") == "chunked")
            #expect(head.field("content-length") == nil)
            script.change { $0.lines = ["one", "0123456789abcdef"] }
            server.wakeStreams()
            #expect(try await client.receive(through: "f\r\n") == "3\r\none\r\n10\r\n0123456789abcdef\r\n")
            script.change { $0.isOver = true }
            server.wakeStreams()
            #expect(try await client.receive(through: "0\r\n\r\n") == "0\r\n\r\n")
            #expect(try await client.receiveResponse().body == "plain")
            #expect(script.current.ended == [.completed])
        }
    }

    @Test("M31, M33: ends a stream to HTTP/1.0 with the connection")
    func closeDelimited() async throws {
        let script = StreamScript()
        script.change { $0.lines = ["one", "two"] }
        script.change { $0.isOver = true }
        try await withServer(Self.handler(script)) { _, port in
            let client = try RawClient(port: port)
            try await client.send("GET /s HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            let response = try await client.receiveResponse()
            #expect(response.field("transfer-encoding") == nil)
            #expect(response.field("connection") == "close")
            #expect(response.body == "onetwo")
        }
    }

    @Test("answers HEAD with a stream's head, and tells the body at once")
    func head() async throws {
        let script = StreamScript()
        try await withServer(Self.handler(script)) { _, port in
            let client = try RawClient(port: port)
            try await client.send("HEAD /s HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try await client.receiveResponse(toHead: true).field("transfer-encoding") == "chunked")
            #expect(script.current.ended == [.completed])
            #expect(script.current.produced == 0)
            try await client.send("GET /plain HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try await client.receiveResponse().body == "plain")
        }
    }

    @Test("calls again at the deadline of a wait")
    func deadline() async throws {
        let script = StreamScript(waits: .milliseconds(20))
        try await withServer(Self.handler(script)) { _, port in
            let client = try RawClient(port: port)
            try await client.send(Self.get)
            await eventually("it is called again and again") { script.current.produced >= 5 }
            script.change { $0.lines = ["tick"] }
            #expect(try await client.receiveResponseHeadAndChunk() == "4\r\ntick\r\n")
        }
    }

    @Test("a stream without a deadline is not called until it is woken")
    func quiet() async throws {
        let script = StreamScript()
        try await withServer(Self.handler(script)) { server, port in
            let client = try RawClient(port: port)
            try await client.send(Self.get)
            _ = try await client.receive(through: "\r\n\r\n")
            // Another connection's request on the same loop, as a sign that the loop has been round.
            let other = try RawClient(port: port)
            try await other.send("GET /plain HTTP/1.1\r\nHost: a\r\n\r\n")
            _ = try await other.receiveResponse()
            #expect(script.current.produced == 1)
            server.wakeStreams()
            await eventually("it is woken") { script.current.produced == 2 }
        }
    }

    @Test("breaks the transfer off when the body says so")
    func abort() async throws {
        let script = StreamScript()
        script.change { $0.lines = ["one"] }
        try await withServer(Self.handler(script)) { server, port in
            let client = try RawClient(port: port)
            try await client.send(Self.get)
            _ = try await client.receive(through: "one\r\n")
            script.change { $0.aborts = true }
            server.wakeStreams()
            await #expect(throws: RawClient.Failure.self) { try await client.receiveAll() }
            #expect(script.current.ended == [.completed])
        }
    }

    @Test("notices a client that leaves, by FIN or RST, with requests of its own unread", arguments: [false, true])
    func clientGone(byReset: Bool) async throws {
        let script = StreamScript()
        try await withServer(Self.handler(script)) { server, port in
            let client = try RawClient(port: port)
            // Behind more bytes than the server's socket takes a FIN would not arrive; a reset always does.
            try await client.send(Self.get + String(repeating: "x", count: byReset ? 300_000 : 3_000))
            _ = try await client.receive(through: "\r\n\r\n")
            if byReset { client.reset() } else { client.close() }
            await eventually("the stream ends") { script.current.ended == [.clientGone] }
            await eventually("the connection is gone") { server.openConnections == 0 }
        }
    }

    @Test("holds back only the slow reader, and resumes it without loss")
    func slowReader() async throws {
        let script = StreamScript()
        try await withServer(Self.handler(script)) { _, port in
            let slow = try RawClient(port: port, receiveBuffer: 4_096)
            try await slow.send("GET /flood HTTP/1.1\r\nHost: a\r\n\r\n")
            await eventually("some is produced") { script.current.produced > 0 }
            let produced = try await settled(port: port) { script.current.produced }
            // The kernel does not take megabytes for a client that reads nothing.
            #expect(produced * 65_536 < 1_000_000)
            let other = try RawClient(port: port)
            try await other.send("GET /plain HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try await other.receiveResponse().body == "plain")
            slow.widen()
            _ = try await slow.receive(through: "\r\n\r\n")
            for _ in 0..<(produced + 20) {
                #expect(try await slow.receive(through: "\r\n") == "10000\r\n")
                #expect(try await slow.receive(through: "\r\n").utf8.count == 65_538)
            }
            #expect(script.current.produced > produced)
        }
    }

    @Test("closes a reader that takes nothing for the stall limit")
    func stalled() async throws {
        let script = StreamScript()
        let limits = HTTPServerLimitsTests.limits { $0.writeStallTimeout = .milliseconds(150) }
        try await withServer(Self.handler(script), limits: limits) { server, port in
            let client = try RawClient(port: port, receiveBuffer: 4_096)
            try await client.send("GET /flood HTTP/1.1\r\nHost: a\r\n\r\n")
            await eventually("the stream is ended") { script.current.ended == [.stalled] }
            await eventually("the connection is gone") { server.openConnections == 0 }
            withExtendedLifetime(client) {}
        }
    }

    @Test("wakes thousands of streams, each exactly as far as the script goes, and answers others meanwhile")
    func manyStreams() async throws {
        let script = StreamScript()
        try await withServer(Self.handler(script), loops: 2) { server, port in
            let clients = try (0..<300).map { _ in try RawClient(port: port) }
            for client in clients { try await client.send(Self.get) }
            for client in clients { _ = try await client.receive(through: "\r\n\r\n") }
            for round in 0..<5 {
                script.change { $0.lines.append("round \(round)") }
                for _ in 0..<10 { server.wakeStreams() }
            }
            let other = try RawClient(port: port)
            try await other.send("GET /plain HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try await other.receiveResponse().body == "plain")
            for client in clients {
                for round in 0..<5 {
                    #expect(try await client.receive(through: "round \(round)\r\n") == "7\r\nround \(round)\r\n")
                }
            }
        }
    }

    @Test("two thousand streams come and go without leaving a descriptor behind")
    func churn() async throws {
        let script = StreamScript()
        script.change { $0.lines = ["hello"] }
        try await withServer(Self.handler(script), loops: 2) { server, port in
            for round in 0..<20 {
                let clients = try (0..<100).map { _ in try RawClient(port: port) }
                for client in clients { try await client.send(Self.get) }
                for (index, client) in clients.enumerated() {
                    // Some leave before the answer, some after it, some with a reset.
                    if index % 3 == 0 { _ = try await client.receive(through: "hello\r\n") }
                    if (index + round).isMultiple(of: 2) { client.reset() } else { client.close() }
                }
            }
            await eventually("all connections are gone") { server.openConnections == 0 }
            let ended = script.current.ended
            #expect(ended.allSatisfy { $0 == .clientGone })
            #expect(ended.count <= 2_000)
        }
    }
}

extension RawClient {
    /// Takes a head and what follows it up to the end of a chunk that says "tick".
    func receiveResponseHeadAndChunk() async throws -> String {
        _ = try await receive(through: "\r\n\r\n")
        return try await receive(through: "tick\r\n")
    }
}
