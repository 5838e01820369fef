import Dispatch
import Synchronization
import TestTools
import Testing

@testable import HTTPServer

/// Health probes where no connection is free.
@Suite struct ProbeTests {
    private static let probe = "GET /livez HTTP/1.1\r\nHost: a\r\n\r\n"
    private static let plain = "GET /plain HTTP/1.1\r\nHost: a\r\n\r\n"

    private static let handler = ClosureHandler(
        answer: { request in
            switch request.rawPath {
            case "/stream": HTTPResponse(status: 200, body: .stream(FloodStream(StreamScript())))
            case "/wait": HTTPResponse(status: 200, body: .pending(ScriptedResponse(PollScript(), "wait")))
            default: .text(request.rawPath)
            }
        },
        probes: ["/livez", "/stream", "/wait"]
    )

    /// Two places, and time for whatever waits.
    private static func limits(_ change: (inout HTTPServerLimits) -> Void = { _ in }) -> HTTPServerLimits {
        var limits = HTTPServerLimits()
        limits.connections = 2
        limits.headTimeout = .seconds(600)
        limits.probeHeadTimeout = .seconds(600)
        change(&limits)
        return limits
    }

    /// Takes every place with half a head, which nothing can close.
    private static func fill(_ server: HTTPServer, port: Int, source: String? = nil) async throws -> [RawClient] {
        var clients: [RawClient] = []
        for _ in 0..<2 {
            let client = try RawClient(port: port, source: source)
            try await client.send("GET / HTTP/1.1\r\n")
            clients.append(client)
        }
        await eventually("every place is taken") { server.openConnections == 2 }
        return clients
    }

    private static func answer(_ request: String, port: Int, source: String? = nil) async throws -> RawResponse {
        let client = try RawClient(port: port, source: source)
        try await client.send(request)
        let response = try await client.receiveResponse(toHead: request.hasPrefix("HEAD"))
        #expect(response.field("connection") == "close")
        try await client.expectEnd()
        return response
    }

    @Test("a probe on a new connection is answered though every place is taken, and nothing else", arguments: [1, 2])
    func full(loops: Int) async throws {
        let observer = RecordingObserver()
        let limits = Self.limits()
        try await withServer(Self.handler, limits: limits, observer: observer, loops: loops) { server, port in
            let held = try await Self.fill(server, port: port)
            await eventually("they are counted") { observer.current.opened == 2 }
            for _ in 0..<50 {
                let alive = try await Self.answer(Self.probe, port: port)
                #expect(alive.status == 200 && alive.body == "/livez")
                let refused = try await Self.answer(Self.plain, port: port)
                #expect(refused.status == 503)
                #expect(refused.body == "all 2 connections that this server takes are in use")
            }
            #expect(server.openConnections == 2)
            let seen = observer.current
            #expect(seen.opened == 2 && seen.closed == 0)
            #expect(seen.probes == Array(repeating: .total, count: 50))
            #expect(seen.refused == Array(repeating: .total, count: 50))
            #expect(seen.statuses.filter { $0 == 200 }.count == 50)
            #expect(seen.warnings == ["connections are refused: the limit of 2 is reached."])
            try await held[0].send("Host: a\r\n\r\n")
            #expect(try await held[0].receiveResponse().status == 200)
        }
    }

    @Test("an address that has all its connections gets its probes answered too")
    func address() async throws {
        let observer = RecordingObserver()
        let limits = Self.limits { ($0.connections, $0.connectionsPerAddress) = (100, 2) }
        try await withServer(Self.handler, limits: limits, observer: observer) { server, port in
            let held = try await Self.fill(server, port: port)
            for _ in 0..<10 {
                #expect(try await Self.answer(Self.probe, port: port).status == 200)
                let refused = try await Self.answer(Self.plain, port: port)
                #expect(refused.status == 503)
                #expect(refused.body == "all 2 connections that one address may have are in use")
            }
            #expect(observer.current.probes == Array(repeating: .address, count: 10))
            // Nothing of them is counted any more: when one of the two goes, there is a place.
            held[0].close()
            await eventually("there is room") { server.openConnections == 1 }
            let late = try RawClient(port: port)
            try await late.send(Self.plain)
            #expect(try await late.receiveResponse().status == 200)
        }
    }

    @Test(
        "what is no probe is refused as soon as that is clear",
        arguments: [
            "GET /livez/ HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET /livez HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n",
            "GET /livez HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n",
            "GET /livez HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab", "GET /livez\r\n", "\u{16}\u{3}\u{1}",
            "GET /livez HTTP/1.1\r\nX: \(String(repeating: "x", count: 9_000))\r\n",
            "GET /livez HTTP/1.1\r\nX: \(String(repeating: "x", count: 70_000))",
        ]
    )
    func others(_ request: String) async throws {
        try await withServer(Self.handler, limits: Self.limits()) { server, port in
            let held = try await Self.fill(server, port: port)
            let client = try RawClient(port: port)
            // The longest one may be refused, and its connection reset, before it is all there.
            let status = try? await {
                try await client.send(request)
                return try await client.receiveResponse().status
            }()
            #expect(status == 503 || request.utf8.count > 16_384)
            #expect(try await Self.answer(Self.probe, port: port).status == 200)
            #expect(held.count == 2)
        }
    }

    @Test("a probe may come in pieces, by HEAD, in HTTP/1.0 and after empty lines")
    func forms() async throws {
        try await withServer(Self.handler, limits: Self.limits()) { server, port in
            let held = try await Self.fill(server, port: port)
            let client = try RawClient(port: port)
            for piece in ["\r\n", "GET /li", "vez HTTP/1.1\r", "\nHost: a\r\n", "\r\n"] { try await client.send(piece) }
            #expect(try await client.receiveResponse().status == 200)
            try await client.expectEnd()
            #expect(try await Self.answer("HEAD /livez HTTP/1.1\r\nHost: a\r\n\r\n", port: port).status == 200)
            #expect(try await Self.answer("GET /livez HTTP/1.0\r\n\r\n", port: port).status == 200)
            #expect(held.count == 2)
        }
    }

    @Test("what is sent behind a probe is not served")
    func pipelined() async throws {
        let observer = RecordingObserver()
        try await withServer(Self.handler, limits: Self.limits(), observer: observer) { server, port in
            let held = try await Self.fill(server, port: port)
            for next in [Self.plain, Self.probe] {
                let client = try RawClient(port: port)
                try await client.send(Self.probe + next)
                #expect(try await client.receiveResponse().body == "/livez")
                try await client.expectEnd()
            }
            #expect(observer.current.statuses == [200, 200])
            #expect(held.count == 2)
        }
    }

    @Test("a connection that sends no head in time is refused")
    func silent() async throws {
        let observer = RecordingObserver()
        let limits = Self.limits { $0.probeHeadTimeout = .milliseconds(300) }
        try await withServer(Self.handler, limits: limits, observer: observer) { server, port in
            let held = try await Self.fill(server, port: port)
            for start in ["", "GET /livez HTTP/1.1\r\n"] {
                let client = try RawClient(port: port)
                try await client.send(start)
                #expect(try await client.receiveResponse().status == 503)
                try await client.expectEnd()
            }
            // One that goes away by itself counts as refused, too.
            try RawClient(port: port).close()
            await eventually("it is counted") { observer.current.refused.count == 3 }
            #expect(held.count == 2)
        }
    }

    @Test("one address that opens connections without end keeps no slot from another")
    func flood() async throws {
        let limits = Self.limits { ($0.probeSlots, $0.probeSlotsPerAddress) = (8, 3) }
        try await withServer(Self.handler, limits: limits) { server, port in
            let held = try await Self.fill(server, port: port)
            // Half of a probe, whose other half comes after the flood.
            let slow = try RawClient(port: port, source: "127.0.0.3")
            try await slow.send("GET /livez HTTP/1.1\r\n")
            var flood: [RawClient] = []
            for count in 1...30 {
                flood.append(try RawClient(port: port, source: "127.0.0.2"))
                #expect(try await Self.answer(Self.probe, port: port).status == 200)
                #expect(try await Self.answer(Self.probe, port: port, source: "127.0.0.2").status == 200)
                // The address has three slots, and its probe takes that of the oldest.
                if count >= 3 { #expect(try await flood[count - 3].receiveResponse().status == 503) }
            }
            try await slow.send("Host: a\r\n\r\n")
            #expect(try await slow.receiveResponse().status == 200)
            #expect(held.count == 2)
        }
    }

    @Test("many addresses that hold every slot make way for one more, the oldest of the largest first")
    func manyAddresses() async throws {
        let limits = Self.limits { ($0.probeSlots, $0.probeSlotsPerAddress) = (5, 2) }
        try await withServer(Self.handler, limits: limits) { server, port in
            let held = try await Self.fill(server, port: port)
            var clients: [RawClient] = []
            for address in [2, 3, 4, 4, 3] {
                clients.append(try RawClient(port: port, source: "127.0.0.\(address)"))
                // In this order: a connection is accepted before a later one's probe is.
                _ = try await Self.answer(Self.plain, port: port)
            }
            let next = try RawClient(port: port, source: "127.0.0.5")
            // 127.0.0.2 came first and has one; of those that have two, that of 127.0.0.3 waits longest.
            #expect(try await clients[1].receiveResponse().status == 503)
            for client in [clients[0], next] {
                try await client.send(Self.probe)
                #expect(try await client.receiveResponse().status == 200)
            }
            #expect(held.count == 2)
        }
    }

    @Test("an address that has one connection keeps its slot while ready ones of a larger address wait for their turn")
    func largerAddress() async throws {
        let handler = HeldProbeHandler()
        let limits = Self.limits { ($0.probeSlots, $0.probeSlotsPerAddress) = (4, 2) }
        try await withServer(handler, limits: limits) { server, port in
            let held = try await Self.fill(server, port: port)
            var clients: [RawClient] = []
            for address in [2, 3, 4, 4] {
                clients.append(try RawClient(port: port, source: "127.0.0.\(address)"))
                // In this order: a connection is accepted before a later one's request is.
                _ = try await Self.answer(Self.plain, port: port)
            }
            for large in clients[2...] { try await large.send("GET /livez HTTP/1.1\r\n") }
            try await clients[0].send("GET /held HTTP/1.1\r\nHost: a\r\n\r\n")
            await eventually("the first is looked at") { handler.isHolding }
            #expect(try await Self.answer(Self.probe, port: port).status == 200)
            #expect(try await clients[2].receiveResponse().status == 503)
            handler.release()
            try await clients[1].send(Self.probe)
            for kept in clients[..<2] { #expect(try await kept.receiveResponse().status == 200) }
            #expect(held.count == 2)
        }
    }

    @Test("connections that became ready together make way for a new one while the first of them is looked at")
    func readyTogether() async throws {
        let handler = HeldProbeHandler()
        let limits = Self.limits { ($0.probeSlots, $0.probeSlotsPerAddress) = (3, 3) }
        // The gate alone: what it has taken waits. A listener would take connections at a time of its own, and one whose request is not there
        // yet would make the oldest give way. Without a loop to pass a probe to, the gate closes its connection.
        let gate = ProbeGate(
            HTTPServerConfiguration(handler: handler, observer: nil, limits: limits, notes: []),
            loops: []
        )
        defer { gate.close() }
        func connect(_ address: UInt32, sending request: String? = nil) async throws -> RawClient {
            let (client, descriptor) = try RawClient.pair()
            if let request { try await client.send(request) }
            gate.take(AcceptedConnection(testing: descriptor, address: address), .total)
            return client
        }
        let (first, second, third) = (try await connect(1), try await connect(2), try await connect(3))
        for waiting in [second, third] { try await waiting.send("GET /livez HTTP/1.1\r\n") }
        try await first.send("GET /held HTTP/1.1\r\nHost: a\r\n\r\n")
        await eventually("the first is looked at") { handler.isHolding }
        #expect(try await connect(4, sending: Self.probe).receiveAll().isEmpty)
        // The oldest of those that can make way.
        #expect(try await second.receiveResponse().status == 503)
        handler.release()
        try await third.send("Host: a\r\n\r\n")
        for passed in [first, third] { #expect(try await passed.receiveAll().isEmpty) }
    }

    @Test("a probe that is answered slowly is cut off, and its slot is free again", arguments: ["/stream", "/wait"])
    func slowAnswer(_ path: String) async throws {
        let limits = Self.limits { ($0.probeSlots, $0.probeSlotsPerAddress) = (1, 1) }
        try await withServer(Self.handler, limits: limits) { server, port in
            let held = try await Self.fill(server, port: port)
            for _ in 0..<3 {
                let client = try RawClient(port: port)
                try await client.send("GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n")
                _ = try? await client.receiveAll()
            }
            #expect(try await Self.answer(Self.probe, port: port).status == 200)
            #expect(held.count == 2)
        }
    }

    @Test("without slots a connection is refused before it has sent anything")
    func none() async throws {
        try await withServer(Self.handler, limits: Self.limits { $0.probeSlots = 0 }) { server, port in
            let held = try await Self.fill(server, port: port)
            #expect(try await RawClient(port: port).receiveResponse().status == 503)
            #expect(held.count == 2)
        }
    }

    @Test("a stop ends the connections that wait")
    func stop() async throws {
        let server = HTTPServer(handler: Self.handler, observer: nil, limits: Self.limits(), loops: 1)
        let port = try server.start(host: "127.0.0.1", port: 0)
        let held = try await Self.fill(server, port: port)
        let client = try RawClient(port: port)
        _ = try await Self.answer(Self.plain, port: port)
        await server.stop(within: .zero)
        #expect(try await client.receiveResponse().status == 503)
        try await client.expectEnd()
        #expect(held.count == 2)
    }

    @Test("slots are counted in all and by address, and come back with the last reference")
    func slots() throws {
        let slots = ProbeSlots(limit: 3, addressLimit: 2)
        var first = slots.take(1)
        #expect(first != nil)
        let second = try #require(slots.take(1))
        #expect(slots.take(1) == nil)
        let third = try #require(slots.take(2))
        #expect(slots.take(3) == nil)
        #expect(slots.victim(among: [2, 1, 1], for: 1) == 1)
        #expect(slots.victim(among: [2], for: 1) == nil)
        #expect(slots.victim(among: [2, 1, 1], for: 3) == 1)
        #expect(slots.victim(among: [], for: 3) == nil)
        withExtendedLifetime(first) {}
        first = nil
        #expect(slots.take(3) != nil)
        #expect(slots.take(1) != nil)
        withExtendedLifetime((second, third)) {}
    }
}

/// Every request but that for `/plain` is a probe's. While the server asks whether that for `/held` is, it is held up until `release`.
private final class HeldProbeHandler: HTTPHandler {
    private let gate = DispatchSemaphore(value: 0)
    private let isReached = Atomic<Bool>(false)

    var isHolding: Bool { isReached.load(ordering: .acquiring) }

    func release() { gate.signal() }

    func respond(to request: HTTPRequest) -> HTTPResponse { .text(request.rawPath) }

    func isProbe(_ request: HTTPRequest) -> Bool {
        if request.rawPath == "/held" {
            isReached.store(true, ordering: .releasing)
            // Bounded, as a failing test must end.
            _ = gate.wait(timeout: .now() + 20)
        }
        return request.rawPath != "/plain"
    }

    func respondToRejected(_ rejected: RejectedRequest) -> HTTPResponse {
        .text(rejected.reason, status: rejected.status)
    }
}
