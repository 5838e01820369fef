import Glibc
import Synchronization
import Testing

@testable import HTTPServer

/// What tests do to the pending answers of a server, and see of them, from outside their loops.
final class PollScript: Sendable {
    struct State: Sendable {
        /// What every pending answer answers, once it is there.
        var text: String?
        var polls = 0
        var drains = 0
        var ended: [StreamEnd] = []
    }

    private let state = Mutex(State())
    /// How long an answer waits before it says that it timed out.
    let patience: Duration
    /// How long it waits at a time.
    let interval: Duration

    init(patience: Duration = .seconds(60), interval: Duration = .seconds(60)) {
        self.patience = patience
        self.interval = interval
    }

    var current: State { state.withLock { $0 } }
    func change(_ body: (inout State) -> Void) { state.withLock { body(&$0) } }
}

/// Answers with the script's text, "timeout" or "draining".
final class ScriptedResponse: PendingResponse {
    private let script: PollScript
    private let name: String
    private var deadline: Duration?
    private var isDraining = false

    init(_ script: PollScript, _ name: String) {
        self.script = script
        self.name = name
    }

    func poll(now: Duration) -> PendingStep {
        script.change { $0.polls += 1 }
        let deadline = deadline ?? now + script.patience
        self.deadline = deadline
        if isDraining { return .answer(.text("\(name): draining")) }
        if let text = script.current.text {
            return .answer(
                text == "stream" ? HTTPResponse(status: 200, body: .stream(OneLine())) : .text("\(name): \(text)")
            )
        }
        if now >= deadline { return .answer(.text("\(name): timeout")) }
        return .wait(until: min(deadline, now + script.interval))
    }

    func drain() {
        isDraining = true
        script.change { $0.drains += 1 }
    }

    func finished(_ reason: StreamEnd) { script.change { $0.ended.append(reason) } }

    private final class OneLine: StreamingBody {
        func produce(into output: inout [UInt8], budget: Int, now: Duration) -> StreamStep {
            output.append(contentsOf: "line".utf8)
            return .end
        }
        func drain() {}
        func finished(_ reason: StreamEnd) {}
    }
}

/// Long polls, over sockets.
@Suite struct PendingResponseTests {
    static func handler(_ script: PollScript) -> ClosureHandler {
        ClosureHandler { request in
            switch request.rawPath.prefix(3) {
            case "/p/": HTTPResponse(status: 200, body: .pending(ScriptedResponse(script, request.rawPath)))
            case "/b/": HTTPResponse(status: 200, body: .bytes([UInt8](repeating: 97, count: 10_000)))
            default: .text("plain")
            }
        }
    }

    static func get(_ path: String, _ fields: String = "", version: Int = 1) -> String {
        "GET \(path) HTTP/1.\(version)\r\nHost: a\r\n\(fields)\r\n"
    }

    @Test("an answer that is there goes out at once, and the connection goes on")
    func atOnce() async throws {
        let script = PollScript()
        script.change { $0.text = "news" }
        try await withServer(Self.handler(script)) { _, port in
            let client = try RawClient(port: port)
            try await client.send(Self.get("/p/1") + Self.get("/plain"))
            #expect(try await client.receiveResponse().body == "/p/1: news")
            #expect(try await client.receiveResponse().body == "plain")
        }
        #expect(script.current.polls == 1)
        #expect(script.current.ended == [.completed])
    }

    @Test("an answer that is not there is asked for again at a wake-up, and not without one")
    func wakeUp() async throws {
        let script = PollScript()
        try await withServer(Self.handler(script)) { server, port in
            let client = try RawClient(port: port)
            try await client.send(Self.get("/p/1"))
            await eventually("it is asked") { script.current.polls == 1 }
            // Another connection's request on the same loop, as a sign that the loop has been round.
            let other = try RawClient(port: port)
            try await other.send(Self.get("/plain"))
            _ = try await other.receiveResponse()
            #expect(script.current.polls == 1)
            server.wakeStreams()
            await eventually("it is asked again") { script.current.polls == 2 }
            script.change { $0.text = "news" }
            server.wakeStreams()
            let response = try await client.receiveResponse()
            #expect(response.status == 200)
            #expect(response.body == "/p/1: news")
            #expect(response.field("content-length") == "10")
            #expect(script.current.ended == [.completed])
            try await client.send(Self.get("/plain"))
            #expect(try await client.receiveResponse().body == "plain")
        }
    }

    @Test("an answer is asked for again at its deadline")
    func deadline() async throws {
        let script = PollScript(patience: .milliseconds(100), interval: .milliseconds(20))
        try await withServer(Self.handler(script)) { _, port in
            let client = try RawClient(port: port)
            let began = ContinuousClock.now
            try await client.send(Self.get("/p/1"))
            #expect(try await client.receiveResponse().body == "/p/1: timeout")
            #expect(ContinuousClock.now - began >= .milliseconds(100))
            #expect(script.current.polls >= 3)
        }
    }

    @Test("M47: requests behind a pending answer wait for it, those before do not, and answers stay in order")
    func pipelined() async throws {
        let script = PollScript()
        try await withServer(Self.handler(script)) { server, port in
            let client = try RawClient(port: port)
            try await client.send(Self.get("/plain") + Self.get("/p/1") + Self.get("/p/2") + Self.get("/last"))
            #expect(try await client.receiveResponse().body == "plain")
            await eventually("the first is asked") { script.current.polls == 1 }
            // Read only after the first answer, however it comes.
            try await client.send(Self.get("/p/3"))
            script.change { $0.text = "news" }
            server.wakeStreams()
            #expect(try await client.receiveResponse().body == "/p/1: news")
            #expect(try await client.receiveResponse().body == "/p/2: news")
            #expect(try await client.receiveResponse().body == "plain")
            #expect(try await client.receiveResponse().body == "/p/3: news")
        }
        #expect(script.current.ended == [.completed, .completed, .completed])
    }

    @Test("a client that leaves by RST is noticed at once, and its place is free")
    func clientGone() async throws {
        let script = PollScript()
        let observer = RecordingObserver()
        try await withServer(Self.handler(script), observer: observer) { server, port in
            let client = try RawClient(port: port)
            try await client.send(Self.get("/p/1") + Self.get("/p/2"))
            await eventually("it is asked") { script.current.polls == 1 }
            client.reset()
            await eventually("it is told") { script.current.ended == [.clientGone] }
            await eventually("the connection is gone") { server.openConnections == 0 }
            server.wakeStreams()
            let other = try RawClient(port: port)
            try await other.send(Self.get("/plain"))
            _ = try await other.receiveResponse()
            #expect(script.current.polls == 1)
        }
        #expect(observer.current.statuses == [0, 200])
        #expect(observer.current.methods == [.get, .get])
    }

    @Test("neither the keep-alive time nor the write stall ends a waiting request")
    func patient() async throws {
        let script = PollScript(patience: .milliseconds(400))
        let limits = HTTPServerLimitsTests.limits {
            $0.keepAliveTimeout = .milliseconds(50)
            $0.headTimeout = .milliseconds(50)
            $0.bodyTimeout = .milliseconds(50)
            $0.writeStallTimeout = .milliseconds(50)
        }
        try await withServer(Self.handler(script), limits: limits) { _, port in
            let client = try RawClient(port: port)
            try await client.send(Self.get("/p/1"))
            #expect(try await client.receiveResponse().body == "/p/1: timeout")
            // And the idle time counts from the answer on.
            try await client.expectEnd()
        }
    }

    @Test("HEAD waits as GET does and has no body; HTTP/1.0 gets its answer and the end")
    func otherForms() async throws {
        let script = PollScript()
        try await withServer(Self.handler(script)) { server, port in
            let client = try RawClient(port: port)
            try await client.send("HEAD /p/1 HTTP/1.1\r\nHost: a\r\n\r\n")
            let old = try RawClient(port: port)
            try await old.send(Self.get("/p/2", version: 0) + "rest")
            await eventually("both are asked") { script.current.polls == 2 }
            script.change { $0.text = "news" }
            server.wakeStreams()
            let head = try await client.receiveResponse(toHead: true)
            #expect(head.field("content-length") == "10")
            try await client.send(Self.get("/plain"))
            #expect(try await client.receiveResponse().body == "plain")
            let response = try await old.receiveResponse()
            #expect(response.body == "/p/2: news")
            #expect(response.field("connection") == "close")
            try await old.expectEnd()
        }
    }

    @Test("the answer may be a stream")
    func stream() async throws {
        let script = PollScript()
        try await withServer(Self.handler(script)) { server, port in
            let client = try RawClient(port: port)
            try await client.send(Self.get("/p/1") + Self.get("/plain"))
            await eventually("it is asked") { script.current.polls == 1 }
            script.change { $0.text = "stream" }
            server.wakeStreams()
            #expect(try await client.receiveResponse().chunks == ["line"])
            #expect(try await client.receiveResponse().body == "plain")
        }
    }

    @Test("a pending answer behind answers that the client has not taken is asked when it has")
    func blocked() async throws {
        let script = PollScript()
        let observer = RecordingObserver()
        try await withServer(Self.handler(script), observer: observer) { server, port in
            let client = try RawClient(port: port, receiveBuffer: 4_096)
            // Many answers fill the sockets, so the last before the poll wait in the server.
            try await client.send(String(repeating: Self.get("/b/"), count: 300) + Self.get("/p/1"))
            script.change { $0.text = "news" }
            client.widen()
            for _ in 0..<300 { #expect(try await client.receiveResponse().body.utf8.count == 10_000) }
            #expect(try await client.receiveResponse().body == "/p/1: news")
        }
        #expect(script.current.ended == [.completed])
    }

    @Test("stopping makes a pending answer answer, as the connection's last", arguments: [false, true])
    func drains(late: Bool) async throws {
        let script = PollScript()
        let server = HTTPServer(handler: Self.handler(script), observer: nil, loops: 1)
        let port = try server.start(host: "127.0.0.1", port: 0)
        let client = try RawClient(port: port)
        // Late: the request is complete only after stopping has begun.
        let request = Self.get("/p/1")
        try await client.send(late ? String(request.dropLast()) : request)
        await eventually("it is in work") { late ? server.openConnections == 1 : script.current.polls == 1 }
        if late { _ = try await exchange(Self.get("/plain"), port: port) }
        server.beginStop(within: .seconds(60))
        await eventually("nothing is accepted any more") { (try? RawClient(port: port)) == nil }
        if late { try await client.send("\r\n") }
        let response = try await client.receiveResponse()
        #expect(response.body == "/p/1: draining")
        #expect(response.field("connection") == "close")
        try await client.expectEnd()
        client.close()
        await server.stop(within: .seconds(60))
        #expect(script.current.ended == [.completed])
        #expect(script.current.drains == 1)
    }

    @Test("one that does not answer is ended when the grace is over")
    func hardStop() async throws {
        let script = PollScript()
        final class Stubborn: PendingResponse {
            let script: PollScript
            init(_ script: PollScript) { self.script = script }
            func poll(now: Duration) -> PendingStep {
                script.change { $0.polls += 1 }
                return .wait(until: now + .seconds(60))
            }
            func drain() {}
            func finished(_ reason: StreamEnd) { script.change { $0.ended.append(reason) } }
        }
        let handler = ClosureHandler { _ in HTTPResponse(status: 200, body: .pending(Stubborn(script))) }
        let server = HTTPServer(handler: handler, observer: nil, loops: 1)
        let port = try server.start(host: "127.0.0.1", port: 0)
        let client = try RawClient(port: port)
        try await client.send(Self.get("/p/1"))
        await eventually("it is asked") { script.current.polls == 1 }
        await server.stop(within: .milliseconds(100))
        #expect(script.current.ended == [.serverStopping])
    }

    @Test("the router's finishers and route are on the response that comes, once")
    func finished() async throws {
        let script = PollScript()
        let observer = RecordingObserver()
        var router = Router(
            finishers: [TestFinisher { $0.fields.add("Seen", $1?.rawPath ?? "-") }],
            problem: { status, text, _, _ in .text(text, status: status) }
        )
        router.on(.get, "/p/{name}") { request, _ in
            HTTPResponse(status: 200, body: .pending(ScriptedResponse(script, request.rawPath)))
        }
        try await withServer(router, observer: observer) { server, port in
            let client = try RawClient(port: port)
            try await client.send(Self.get("/p/1"))
            await eventually("it is asked") { script.current.polls == 1 }
            script.change { $0.text = "news" }
            server.wakeStreams()
            let response = try await client.receiveResponse()
            #expect(response.field("seen") == "/p/1")
            #expect(response.body == "/p/1: news")
        }
        #expect(observer.current.routes == ["/p/{name}"])
    }

    @Test("finishers run in order; what one makes pending gets the rest of them when it comes")
    func finishedLater() async throws {
        let script = PollScript()
        script.change { $0.text = "news" }
        let finishers = [
            TestFinisher { response, _ in response.fields.add("Step", "1") },
            TestFinisher { response, request in
                guard case .bytes = response.body else { return }
                response.body = .pending(ScriptedResponse(script, request?.rawPath ?? ""))
            },
            TestFinisher { response, _ in response.fields.add("Step", "3") },
        ]
        let observer = RecordingObserver()
        var router = Router(finishers: finishers, problem: { status, text, _, _ in .text(text, status: status) })
        router.on(.get, "/now") { _, _ in .text("now") }
        router.on(.get, "/later") { request, _ in
            HTTPResponse(status: 200, body: .pending(ScriptedResponse(script, request.rawPath)))
        }
        try await withServer(router, observer: observer) { server, port in
            let client = try RawClient(port: port)
            for path in ["/now", "/later"] {
                try await client.send(Self.get(path))
                let response = try await client.receiveResponse()
                #expect(response.body == "\(path): news")
                #expect(response.head.split(separator: "\r\n").filter { $0.hasPrefix("Step:") } == ["Step: 3"])
            }
        }
        #expect(observer.current.routes == ["/now", "/later"])
        #expect(script.current.ended == [.completed, .completed, .completed])
    }

    @Test("four hundred of them wait, are woken together and answered")
    func many() async throws {
        let script = PollScript()
        try await withServer(Self.handler(script), loops: 2) { server, port in
            let clients = try (0..<400).map { _ in try RawClient(port: port) }
            for client in clients { try await client.send(Self.get("/p/1")) }
            await eventually("all are asked") { script.current.polls == clients.count }
            for (index, client) in clients.enumerated() where index.isMultiple(of: 4) { client.close() }
            script.change { $0.text = "news" }
            server.wakeStreams()
            for (index, client) in clients.enumerated() where !index.isMultiple(of: 4) {
                #expect(try await client.receiveResponse().body == "/p/1: news")
            }
            await eventually("all have ended") { script.current.ended.count == clients.count }
        }
    }

    @Test("a response that a change makes pending again hears that the server is draining")
    func drainsReplacement() {
        final class Pending: PendingResponse {
            var isDraining = false
            func poll(now: Duration) -> PendingStep { .answer(HTTPResponse(status: 200)) }
            func drain() { isDraining = true }
            func finished(_ reason: StreamEnd) {}
        }
        let replacement = Pending()
        let mapped = Pending().map { $0.body = .pending(replacement) }
        mapped.drain()
        guard case .again = mapped.poll(now: .zero) else {
            Issue.record("the replacement is asked in the next turn")
            return
        }
        #expect(replacement.isDraining)
    }
}
