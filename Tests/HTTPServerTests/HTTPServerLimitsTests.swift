import Dispatch
import Glibc
import HTTPSemantics
import Synchronization
import TestTools
import Testing

@testable import HTTPServer

@Suite struct HTTPServerLimitsTests {
    static func limits(_ change: (inout HTTPServerLimits) -> Void) -> HTTPServerLimits {
        var limits = HTTPServerLimits()
        change(&limits)
        return limits
    }

    @Test(
        "M49: answers 408 when a head or a body does not arrive in time, however it trickles",
        arguments: [
            "GET / HTTP/1.1\r\nHost:", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nx",
        ]
    )
    func slowRequest(_ start: String) async throws {
        let limits = Self.limits {
            $0.headTimeout = .milliseconds(150)
            $0.bodyTimeout = .milliseconds(150)
        }
        try await withServer(limits: limits) { _, port in
            let client = try RawClient(port: port)
            try await client.send(start)
            let began = ContinuousClock.now
            var entry = pollfd(fd: client.descriptor, events: Int16(POLLIN), revents: 0)
            // A byte every 20 ms: a timer that each byte restarts would never fire.
            while poll(&entry, 1, 20) == 0, ContinuousClock.now - began < .seconds(5) { try await client.send("x") }
            #expect(ContinuousClock.now - began >= .milliseconds(100))
            let response = try await client.receiveResponse()
            #expect(response.status == 408)
            #expect(response.field("connection") == "close")
            try await client.expectEnd()
        }
    }

    @Test("M49: a body must keep up a rate, counted from its beginning; one that does has its time")
    func bodyRate() async throws {
        let limits = Self.limits {
            $0.bodyGrace = .milliseconds(150)
            $0.bodyBytesPerSecond = 1_000
        }
        try await withServer(limits: limits) { _, port in
            // Chunks, and so fast that what came first pays for a pause: that of the slow one's whole life.
            let fast = try RawClient(port: port)
            let chunk = "4E20\r\n\(String(repeating: "y", count: 20_000))\r\n"
            try await fast.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\(chunk)")
            let slow = try RawClient(port: port)
            try await slow.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n")
            let began = ContinuousClock.now
            var entry = pollfd(fd: slow.descriptor, events: Int16(POLLIN), revents: 0)
            // Fifty bytes a second, so the idle time and the time for the whole body are never reached.
            while poll(&entry, 1, 20) == 0, ContinuousClock.now - began < .seconds(15) { try await slow.send("x") }
            #expect(ContinuousClock.now - began >= .milliseconds(150))
            #expect(ContinuousClock.now - began < .seconds(15))
            #expect(try await slow.receiveResponse().status == 408)
            try await slow.expectEnd()
            try await fast.send("\(chunk)0\r\n\r\n")
            #expect(try await fast.receiveResponse().status == 200)
        }
    }

    @Test("M49: closes an idle connection without a word, before and after requests")
    func idle() async throws {
        try await withServer(limits: Self.limits { $0.keepAliveTimeout = .milliseconds(100) }) { _, port in
            try await RawClient(port: port).expectEnd()
            let client = try RawClient(port: port)
            try await client.send("\r\n")
            try await client.expectEnd()
            let second = try RawClient(port: port)
            try await second.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try await second.receiveResponse().status == 200)
            try await second.expectEnd()
        }
    }

    @Test("a request in time starts the idle time anew")
    func busy() async throws {
        let idle = Duration.milliseconds(600)
        try await withServer(limits: Self.limits { $0.keepAliveTimeout = idle }) { _, port in
            // On a busy machine the second request may come too late, and the connection be closed: then once more.
            for _ in 0..<20 {
                let client = try RawClient(port: port)
                try await client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                _ = try await client.receiveResponse()
                // Time itself is what is tested here: half the idle time must pass, and nothing happens meanwhile.
                let second = ContinuousClock.now + idle / 2
                _ = await comesTrue { ContinuousClock.now >= second }
                let sent = ContinuousClock.now
                guard (try? await client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")) != nil,
                    (try? await client.receiveResponse()) != nil
                else { continue }
                try await client.expectEnd()
                #expect(ContinuousClock.now - sent >= idle)
                return
            }
            Issue.record("the second request always came too late")
        }
    }

    @Test("M49: closes a client that does not take its answer")
    func stalled() async throws {
        let big = [UInt8](repeating: 97, count: 20_000_000)
        let handler = ClosureHandler { _ in
            HTTPResponse(status: 200, body: .bytes(big))
        }
        let observer = RecordingObserver()
        let limits = Self.limits { $0.writeStallTimeout = .milliseconds(200) }
        try await withServer(handler, limits: limits, observer: observer) { _, port in
            let client = try RawClient(port: port, receiveBuffer: 4_096)
            try await client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            await eventually("the stalled connection is closed") { observer.current.closed == 1 }
            let rest = (try? await client.receiveAll()) ?? ""
            #expect(rest.utf8.count < big.count)
        }
    }

    @Test("does not read on while a client leaves its answers unread")
    func pipelineBackpressure() async throws {
        let answer = [UInt8](repeating: 97, count: 100_000)
        let observer = RecordingObserver()
        let handler = ClosureHandler { request in
            request.rawPath == "/plain" ? .text("plain") : HTTPResponse(status: 200, body: .bytes(answer))
        }
        try await withServer(handler, observer: observer) { _, port in
            let client = try RawClient(port: port, receiveBuffer: 4_096)
            try await client.send(String(repeating: "GET / HTTP/1.1\r\nHost: a\r\n\r\n", count: 1_000))
            await eventually("some are answered") { !observer.current.statuses.isEmpty }
            let seen = try await settled(port: port) { observer.current.bytes.count { $0 > answer.count } }
            #expect(seen < 200)
            client.widen()
            for _ in 0..<1_000 { #expect(try await client.receiveResponse().body.utf8.count == answer.count) }
        }
    }

    @Test("M50: refuses connections beyond the limit, warns once, and takes new ones when there is room")
    func connectionLimit() async throws {
        let observer = RecordingObserver()
        try await withServer(
            limits: Self.limits { ($0.connections, $0.evictableIdle) = (3, .seconds(600)) },
            observer: observer,
            loops: 2
        ) { server, port in
            let clients = try (0..<3).map { _ in try RawClient(port: port) }
            for client in clients {
                try await client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(try await client.receiveResponse().status == 200)
            }
            for _ in 0..<5 {
                let refused = try RawClient(port: port)
                try await refused.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                let answer = try await refused.receiveResponse()
                #expect(answer.status == 503)
                #expect(answer.body == "all 3 connections that this server takes are in use")
                #expect(answer.field("connection") == "close")
                try await refused.expectEnd()
            }
            #expect(observer.current.warnings == ["connections are refused: the limit of 3 is reached."])
            #expect(observer.current.refused == Array(repeating: .total, count: 5))
            clients[0].close()
            await eventually("there is room") { server.openConnections == 2 }
            let late = try RawClient(port: port)
            try await late.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try await late.receiveResponse().status == 200)
            // The limit is reached again at once: no reason for another line in the log.
            let refused = try RawClient(port: port)
            try await refused.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try await refused.receiveResponse().status == 503)
            #expect(observer.current.warnings.count == 1)
        }
    }

    @Test("M50: refuses connections beyond the limit of one address, and no other's")
    func addressLimit() async throws {
        let observer = RecordingObserver()
        let limits = Self.limits { ($0.connectionsPerAddress, $0.evictableIdle) = (3, .seconds(600)) }
        try await withServer(limits: limits, observer: observer) { server, port in
            func get(_ client: RawClient) async throws -> Int {
                try await client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                return try await client.receiveResponse().status
            }
            let clients = try (0..<3).map { _ in try RawClient(port: port) }
            for client in clients { #expect(try await get(client) == 200) }
            for _ in 0..<4 {
                let refused = try RawClient(port: port)
                try await refused.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
                #expect(
                    try await refused.receiveResponse().body == "all 3 connections that one address may have are in use"
                )
                try await refused.expectEnd()
            }
            let text = "connections of 127.0.0.1 are refused: the limit of 3 for one address is reached."
            #expect(observer.current.warnings == [text])
            #expect(observer.current.refused == Array(repeating: .address, count: 4))
            let other = try RawClient(port: port, source: "127.0.0.2")
            #expect(try await get(other) == 200)
            clients[0].close()
            await eventually("there is room") { server.openConnections == 3 }
            #expect(try await get(RawClient(port: port)) == 200)
        }
    }

    @Test(
        "a client's address is all of an IPv4 address and half of an IPv6 one",
        arguments: [
            ("127.0.0.1", "127.0.0.1", true), ("127.0.0.1", "127.0.0.2", false), ("::ffff:10.0.0.1", "10.0.0.1", true),
            ("2001:db8::1", "2001:db8::ffff:2", true), ("2001:db8:0:1::1", "2001:db8:0:2::1", false),
            ("::1", "10.0.0.1", false),
        ]
    )
    func addressKeys(_ left: String, _ right: String, _ isOne: Bool) {
        func key(_ text: String) -> UInt64 {
            var storage = sockaddr_storage()
            withUnsafeMutablePointer(to: &storage) { pointer in
                if text.contains(":") {
                    pointer.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
                        $0.pointee.sin6_family = sa_family_t(AF_INET6)
                        #expect(inet_pton(AF_INET6, text, &$0.pointee.sin6_addr) == 1)
                    }
                } else {
                    pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                        $0.pointee.sin_family = sa_family_t(AF_INET)
                        #expect(inet_pton(AF_INET, text, &$0.pointee.sin_addr) == 1)
                    }
                }
            }
            return SocketAddress.peer(storage).clientKey
        }
        #expect((key(left) == key(right)) == isOne)
    }

    @Test("a client with many pipelined requests gives others their turn")
    func pipelineTurns() async throws {
        let gate = DispatchSemaphore(value: 0)
        let order = Mutex<[String]>([])
        let handler = ClosureHandler { request in
            order.withLock { $0.append(request.rawPath) }
            // Keeps the only event loop until the test has sent everything; bounded, as a failing test must end.
            if request.rawPath == "/gate" { _ = gate.wait(timeout: .now() + 20) }
            return .text("x")
        }
        let limits = Self.limits {
            $0.pipelinedRequests = 10
            // So that a turn has one connection's requests, however fast they are.
            $0.turnTime = .zero
        }
        try await withServer(handler, limits: limits) { _, port in
            let other = try RawClient(port: port)
            try await other.send("GET /first HTTP/1.1\r\nHost: a\r\n\r\n")
            _ = try await other.receiveResponse()
            let many = try RawClient(port: port)
            let requests = (0..<1_000).map { "GET /\($0) HTTP/1.1\r\nHost: a\r\n\r\n" }.joined()
            try await many.send("GET /gate HTTP/1.1\r\nHost: a\r\n\r\n" + requests)
            await eventually("the gate is reached") { order.withLock { $0.contains("/gate") } }
            try await other.send("GET /other HTTP/1.1\r\nHost: a\r\n\r\n")
            gate.signal()
            #expect(try await other.receiveResponse().status == 200)
            for _ in 0..<1_001 { #expect(try await many.receiveResponse().status == 200) }
            let seen = order.withLock { $0 }
            let place = try #require(seen.firstIndex(of: "/other"))
            // The gate, what was read with it up to the limit, and at most another turn.
            #expect(place < 40)
            #expect(seen.filter { $0 != "/other" } == ["/first", "/gate"] + (0..<1_000).map { "/\($0)" })
        }
    }

    @Test("a stop between two turns of a client with many requests answers once more and closes")
    func pipelineStop() async throws {
        let gate = DispatchSemaphore(value: 0)
        let isReached = Atomic<Bool>(false)
        let handler = ClosureHandler { request in
            if request.rawPath == "/gate" {
                isReached.store(true, ordering: .releasing)
                _ = gate.wait(timeout: .now() + 20)
            }
            return .text(request.rawPath)
        }
        let server = HTTPServer(
            handler: handler,
            observer: nil,
            limits: Self.limits {
                $0.pipelinedRequests = 2
                // So that a turn is over with the gate, however soon that opens.
                $0.turnTime = .zero
            },
            loops: 1
        )
        let port = try server.start(host: "127.0.0.1", port: 0)
        let client = try RawClient(port: port)
        let requests = (0..<10).map { "GET /\($0) HTTP/1.1\r\nHost: a\r\n\r\n" }.joined()
        try await client.send("GET /gate HTTP/1.1\r\nHost: a\r\n\r\n" + requests)
        await eventually("the gate is reached") { isReached.load(ordering: .acquiring) }
        server.beginStop(within: .seconds(60))
        gate.signal()
        var bodies: [String] = []
        while true {
            let response = try await client.receiveResponse()
            bodies.append(response.body)
            if response.field("connection") == "close" { break }
        }
        #expect(bodies == ["/gate"] + (0..<(bodies.count - 1)).map { "/\($0)" })
        // Two turns at most begin before the loop hears of the stop; the next answer is the last.
        #expect(bodies.count >= 3 && bodies.count <= 5, "\(bodies)")
        try await client.expectEnd()
        client.close()
        await server.stop(within: .seconds(60))
    }

    @Test("M50: survives running out of descriptors: waits, warns once, accepts again")
    func outOfDescriptors() async {
        await #expect(processExitsWith: .success) {
            let observer = RecordingObserver()
            let server = HTTPServer(handler: echo, observer: observer, limits: HTTPServerLimits(), loops: 1)
            let port = try server.start(host: "127.0.0.1", port: 0)
            let first = try RawClient(port: port)
            try await first.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n")
            guard try await first.receiveResponse().status == 200 else { exit(3) }
            let client = try RawClient(port: port)
            let third = try RawClient(port: port)
            for early in [client, third] {
                try await early.send("GET /1 HTTP/1.1\r\nHost: a\r\n\r\n")
                guard try await early.receiveResponse().status == 200 else { exit(3) }
            }
            // All have been accepted. One descriptor is free from here on, which the next client takes for its own end.
            let free = dup(first.descriptor)
            var limit = rlimit(rlim_cur: 0, rlim_max: 0)
            getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            let full = limit.rlim_cur
            limit.rlim_cur = rlim_t(free + 1)
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            _ = Glibc.close(free)
            let unaccepted = try RawClient(port: port)
            _ = await comesTrue(within: .seconds(10)) { !observer.current.warnings.isEmpty }
            // Connections that were accepted before still work.
            try await first.send("GET /2 HTTP/1.1\r\nHost: a\r\n\r\n")
            guard try await first.receiveResponse().status == 200 else { exit(4) }
            limit.rlim_cur = full
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
            for waiting in [client, third, unaccepted] {
                try await waiting.send("GET /3 HTTP/1.1\r\nHost: a\r\n\r\n")
                guard try await waiting.receiveResponse().status == 200 else { exit(5) }
            }
            let warnings = observer.current.warnings
            let text = "cannot accept connections: Too many open files. Raise the limit of open files (ulimit -n)."
            guard warnings == [text] else {
                print(warnings)
                exit(6)
            }
            await server.stop(within: .zero)
            exit(0)
        }
    }
}
