import Glibc
import Testing

@testable import HTTPServer

/// Clients that have sent FIN and may still read, over sockets.
@Suite struct HalfCloseTests {
    /// A finite body: so many pieces, each as large as it may be.
    private final class Pieces: StreamingBody {
        static let bytes = 5_000_000
        private let script: StreamScript
        private var rest = Pieces.bytes

        init(_ script: StreamScript) { self.script = script }

        var isFinite: Bool { true }

        func produce(into output: inout [UInt8], budget: Int, now: Duration) -> StreamStep {
            let count = min(rest, budget)
            output.append(contentsOf: repeatElement(98, count: count))
            rest -= count
            return rest == 0 ? .end : .again
        }

        func drain() {}
        func finished(_ reason: StreamEnd) { script.change { $0.ended.append(reason) } }
    }

    private static func handler(_ streams: StreamScript, _ polls: PollScript = PollScript()) -> ClosureHandler {
        ClosureHandler { request in
            switch request.rawPath {
            case "/export": HTTPResponse(status: 200, body: .stream(Pieces(streams)))
            case "/whole": HTTPResponse(status: 200, body: .bytes([UInt8](repeating: 97, count: Pieces.bytes)))
            case "/events": HTTPResponse(status: 200, body: .stream(ScriptedStream(streams)))
            case "/poll": HTTPResponse(status: 200, body: .pending(ScriptedResponse(polls, "poll")))
            default: .text("plain")
            }
        }
    }

    private static func get(_ path: String, version: Int = 1) -> String {
        "GET \(path) HTTP/1.\(version)\r\nHost: a\r\n\r\n"
    }

    @Test(
        "M31, M33: a response of megabytes arrives whole, and those behind it, before the connection ends",
        arguments: ["/export", "/whole"]
    )
    func whole(path: String) async throws {
        let script = StreamScript()
        try await withServer(Self.handler(script)) { server, port in
            let client = try RawClient(port: port, receiveBuffer: 4_096)
            try await client.send(Self.get(path) + Self.get("/plain"))
            client.finishSending()
            // The server has seen the FIN long before it can have sent the response.
            try await settledElsewhere(port)
            client.widen()
            #expect(try await client.receiveResponse().body.utf8.count == Pieces.bytes)
            #expect(try await client.receiveResponse().body == "plain")
            try await client.expectEnd()
            await eventually("the connection is gone") { server.openConnections == 0 }
        }
        if path == "/export" { #expect(script.current.ended == [.completed]) }
    }

    @Test("a body that only the end of the connection ends arrives whole as well")
    func untilClose() async throws {
        try await withServer(Self.handler(StreamScript())) { _, port in
            let client = try RawClient(port: port, receiveBuffer: 4_096)
            try await client.send(Self.get("/export", version: 0))
            client.finishSending()
            try await settledElsewhere(port)
            client.widen()
            #expect(try await client.receiveResponse().body.utf8.count == Pieces.bytes)
        }
    }

    @Test("a long poll gets its response when there is one")
    func poll() async throws {
        let script = PollScript()
        let limits = HTTPServerLimitsTests.limits { $0.lingerTimeout = .seconds(60) }
        try await withServer(Self.handler(StreamScript(), script), limits: limits) { server, port in
            let client = try RawClient(port: port)
            try await client.send(Self.get("/poll"))
            await eventually("it is asked") { script.current.polls == 1 }
            client.finishSending()
            try await settledElsewhere(port)
            #expect(script.current.ended == [])
            script.change { $0.text = "news" }
            server.wakeStreams()
            #expect(try await client.receiveResponse().body == "poll: news")
            try await client.expectEnd()
            await eventually("the connection is gone") { server.openConnections == 0 }
        }
        #expect(script.current.ended == [.completed])
    }

    @Test(
        "a long poll waits no longer than a connection lingers, and then says what it would say at its end"
    )
    func boundedPoll() async throws {
        let script = PollScript()
        let limits = HTTPServerLimitsTests.limits { $0.lingerTimeout = .milliseconds(200) }
        try await withServer(Self.handler(StreamScript(), script), limits: limits) { server, port in
            let client = try RawClient(port: port)
            try await client.send(Self.get("/poll"))
            await eventually("it is asked") { script.current.polls == 1 }
            client.finishSending()
            #expect(try await client.receiveResponse().body == "poll: draining")
            try await client.expectEnd()
            // A client that has left looks the same until it is sent something.
            let gone = try RawClient(port: port)
            try await gone.send(Self.get("/poll"))
            gone.close()
            await eventually("its place is free") { script.current.ended.count == 2 && server.openConnections == 0 }
        }
    }

    @Test("a client that has left frees its place as soon as it is sent something")
    func gone() async throws {
        let script = StreamScript()
        try await withServer(Self.handler(script)) { server, port in
            let client = try RawClient(port: port, receiveBuffer: 4_096)
            try await client.send(Self.get("/export"))
            _ = try await client.receive(through: "\r\n\r\n")
            client.close()
            await eventually("the body is told") { script.current.ended == [.clientGone] }
            await eventually("the connection is gone") { server.openConnections == 0 }
        }
    }

    @Test("a half-closed client that does not read is closed like any other")
    func stalled() async throws {
        let script = StreamScript()
        let limits = HTTPServerLimitsTests.limits { $0.writeStallTimeout = .milliseconds(200) }
        try await withServer(Self.handler(script), limits: limits) { server, port in
            let client = try RawClient(port: port, receiveBuffer: 4_096)
            try await client.send(Self.get("/export"))
            client.finishSending()
            await eventually("the body is told") { script.current.ended == [.stalled] }
            await eventually("the connection is gone") { server.openConnections == 0 }
            withExtendedLifetime(client) {}
        }
    }

    @Test("an endless stream ends, since most clients that send FIN have left")
    func endless() async throws {
        let script = StreamScript()
        script.change { $0.lines = ["one"] }
        try await withServer(Self.handler(script)) { server, port in
            let client = try RawClient(port: port)
            try await client.send(Self.get("/events"))
            _ = try await client.receive(through: "one\r\n")
            client.finishSending()
            await eventually("the stream ends") { script.current.ended == [.clientGone] }
            await eventually("the connection is gone") { server.openConnections == 0 }
        }
    }

    @Test("few half-closed clients wait at a time, and their places are given back")
    func bounded() async throws {
        let script = PollScript()
        let limits = HTTPServerLimitsTests.limits { $0.halfClosedConnections = 2 }
        try await withServer(Self.handler(StreamScript(), script), limits: limits) { server, port in
            for round in 0..<3 {
                var clients: [RawClient] = []
                for number in 0..<3 {
                    let client = try RawClient(port: port)
                    try await client.send(Self.get("/poll"))
                    await eventually("it is asked") { script.current.polls == number + 1 }
                    client.finishSending()
                    try await settledElsewhere(port)
                    clients.append(client)
                }
                #expect(script.current.ended == [.clientGone], "round \(round)")
                try await clients[2].expectEnd()
                script.change { $0.text = "news" }
                server.wakeStreams()
                for client in clients.prefix(2) { #expect(try await client.receiveResponse().body == "poll: news") }
                await eventually("all are gone") { server.openConnections == 0 }
                script.change { $0 = PollScript.State() }
            }
        }
    }

    /// Waits until the server's one loop has been round some times: it has seen by then what clients sent before.
    private func settledElsewhere(_ port: Int) async throws {
        let other = try RawClient(port: port)
        for _ in 0..<5 {
            try await other.send(Self.get("/plain"))
            #expect(try await other.receiveResponse().body == "plain")
        }
        other.reset()
    }
}
