import TestTools
import Testing

@testable import HTTPServer

@Suite struct RoomTests {
    private static let get = "GET / HTTP/1.1\r\nHost: a\r\n\r\n"

    private static func served(_ client: RawClient) async throws -> Int {
        try await client.send(get)
        return try await client.receiveResponse().status
    }

    @Test("where all connections are in use, the one that was idle longest gives way", arguments: [1, 2])
    func idle(loops: Int) async throws {
        let observer = RecordingObserver()
        let limits = HTTPServerLimitsTests.limits { ($0.connections, $0.evictableIdle) = (3, .milliseconds(1)) }
        try await withServer(limits: limits, observer: observer, loops: loops) { server, port in
            var clients: [RawClient] = []
            for _ in 0..<3 {
                let client = try RawClient(port: port)
                #expect(try await Self.served(client) == 200)
                clients.append(client)
            }
            // A millisecond has to pass, and a look at all connections is taken every ten only: then a client may be refused.
            var isServed = false
            for _ in 0..<1_000 where !isServed {
                let client = try RawClient(port: port)
                isServed = (try? await Self.served(client)) == 200
                clients.append(client)
            }
            #expect(isServed)
            if loops == 1 { try await clients[0].expectEnd() }
            #expect(server.openConnections <= 3)
        }
    }

    @Test("a connection within a request, a stream or a response is never closed for another")
    func busy() async throws {
        let limits = HTTPServerLimitsTests.limits { ($0.connections, $0.evictableIdle) = (2, .milliseconds(1)) }
        let big = [UInt8](repeating: 97, count: 5_000_000)
        let handler = ClosureHandler { _ in HTTPResponse(status: 200, body: .bytes(big)) }
        let observer = RecordingObserver()
        try await withServer(handler, limits: limits, observer: observer) { _, port in
            let sending = try RawClient(port: port)
            try await sending.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab")
            let receiving = try RawClient(port: port, receiveBuffer: 4_096)
            try await receiving.send(Self.get)
            await eventually("it is answered") { observer.current.statuses == [200] }
            for _ in 0..<20 {
                let refused = try RawClient(port: port)
                try await refused.send(Self.get)
                #expect(try await refused.receiveResponse().status == 503)
            }
            #expect(observer.current.refused.count == 20)
            receiving.widen()
            #expect(try await receiving.receiveResponse().body.utf8.count == big.count)
        }
    }

    @Test("at the limit of one address only its own idle connection gives way")
    func address() async throws {
        let limits = HTTPServerLimitsTests.limits {
            ($0.connectionsPerAddress, $0.evictableIdle) = (2, .milliseconds(1))
        }
        try await withServer(limits: limits) { server, port in
            let other = try RawClient(port: port, source: "127.0.0.2")
            #expect(try await Self.served(other) == 200)
            var own: [RawClient] = []
            for _ in 0..<2 {
                let client = try RawClient(port: port)
                #expect(try await Self.served(client) == 200)
                own.append(client)
            }
            var isServed = false
            for _ in 0..<1_000 where !isServed {
                let client = try RawClient(port: port)
                isServed = (try? await Self.served(client)) == 200
                own.append(client)
            }
            #expect(isServed)
            try await own[0].expectEnd()
            #expect(try await Self.served(other) == 200)
            #expect(server.openConnections <= 3)
        }
    }
}
