import Glibc
import Testing

@testable import HTTPServer

/// Graceful stop (M51), and the life of a server.
@Suite struct StoppingTests {
    @Test("M51: closes idle connections at once and frees the port")
    func idle() async throws {
        let server = HTTPServer(handler: echo, observer: nil, loops: 2)
        let port = try server.start(host: "127.0.0.1", port: 0)
        let clients = try (0..<10).map { _ in try RawClient(port: port) }
        for client in clients.prefix(5) {
            try await client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try await client.receiveResponse().status == 200)
        }
        await eventually("all are accepted") { server.openConnections == 10 }
        let began = ContinuousClock.now
        await server.stop(within: .seconds(60))
        #expect(ContinuousClock.now - began < .seconds(30))
        for client in clients { try await client.expectEnd() }
        #expect(server.openConnections == 0)
        let next = HTTPServer(handler: echo, observer: nil, loops: 1)
        #expect(try next.start(host: "127.0.0.1", port: port) == port)
        await next.stop(within: .zero)
    }

    @Test("M51: answers the request in flight, and says that it closes")
    func inFlight() async throws {
        let server = HTTPServer(handler: echo, observer: nil, loops: 1)
        let port = try server.start(host: "127.0.0.1", port: 0)
        let client = try RawClient(port: port)
        try await client.send(
            "GET /0 HTTP/1.1\r\nHost: a\r\n\r\nPOST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab"
        )
        #expect(try await client.receiveResponse().body == "GET /0 []")
        server.beginStop(within: .seconds(60))
        await eventually("nothing is accepted any more") { (try? RawClient(port: port)) == nil }
        try await client.send("cd")
        let response = try await client.receiveResponse()
        #expect(response.body == "POST /1 [abcd]")
        #expect(response.field("connection") == "close")
        try await client.expectEnd()
        client.close()
        await server.stop(within: .seconds(60))
    }

    @Test("M51: lets streams say goodbye")
    func drains() async throws {
        let script = StreamScript()
        let server = HTTPServer(handler: StreamingBodyTests.handler(script), observer: nil, loops: 2)
        let port = try server.start(host: "127.0.0.1", port: 0)
        let clients = try (0..<20).map { _ in try RawClient(port: port) }
        for client in clients {
            try await client.send(StreamingBodyTests.get)
            _ = try await client.receive(through: "\r\n\r\n")
        }
        server.beginStop(within: .seconds(60))
        for client in clients {
            #expect(try await client.receiveAll() == "3\r\nbye\r\n0\r\n\r\n")
            client.close()
        }
        await server.stop(within: .seconds(60))
        #expect(script.current.drains == 20)
        #expect(script.current.ended == Array(repeating: .completed, count: 20))
    }

    @Test("a stream that begins after stopping has begun says goodbye, too")
    func drainsLate() async throws {
        let script = StreamScript()
        let server = HTTPServer(handler: StreamingBodyTests.handler(script), observer: nil, loops: 1)
        let port = try server.start(host: "127.0.0.1", port: 0)
        let client = try RawClient(port: port)
        try await client.send("GET /s HTTP/1.1\r\n")
        await eventually("it is accepted") { server.openConnections == 1 }
        _ = try await exchange("GET /plain HTTP/1.1\r\nHost: a\r\n\r\n", port: port)
        server.beginStop(within: .seconds(60))
        await eventually("nothing is accepted any more") { (try? RawClient(port: port)) == nil }
        try await client.send("Host: a\r\n\r\n")
        let response = try await client.receiveResponse()
        #expect(response.chunks == ["bye"])
        #expect(response.field("connection") == "close")
        try await client.expectEnd()
        client.close()
        await server.stop(within: .seconds(60))
        #expect(script.current.drains == 1)
    }

    @Test("M51: closes everything when its time is up")
    func deadline() async throws {
        let script = StreamScript()
        let server = HTTPServer(handler: StreamingBodyTests.handler(script), observer: nil, loops: 1)
        let port = try server.start(host: "127.0.0.1", port: 0)
        let flood = try RawClient(port: port, receiveBuffer: 4_096)
        try await flood.send("GET /flood HTTP/1.1\r\nHost: a\r\n\r\n")
        _ = try await flood.receive(through: "\r\n\r\n")
        let slow = try RawClient(port: port)
        try await slow.send("GET / HTTP/1.1\r\n")
        await eventually("both are in work") { server.openConnections == 2 }
        let began = ContinuousClock.now
        await server.stop(within: .milliseconds(200))
        #expect(ContinuousClock.now - began >= .milliseconds(150))
        #expect(script.current.ended == [.serverStopping])
        #expect(server.openConnections == 0)
    }

    @Test("may stop twice, at once, and without having started")
    func twice() async throws {
        let server = HTTPServer(handler: echo, observer: nil, loops: 1)
        let port = try server.start(host: "127.0.0.1", port: 0)
        let client = try RawClient(port: port)
        try await client.send("GET / HT")
        await eventually("it is accepted") { server.openConnections == 1 }
        async let first: Void = server.stop(within: .seconds(60))
        async let second: Void = server.stop(within: .milliseconds(50))
        await first
        await second
        await server.stop(within: .zero)
        let other = HTTPServer(handler: echo, observer: nil, loops: 1)
        await other.stop(within: .zero)
        #expect(throws: HTTPServerError.self) { () throws in _ = try other.start(host: "127.0.0.1", port: 0) }
    }

    @Test("a server that is dropped closes its port and its connections")
    func dropped() async throws {
        let observer = RecordingObserver()
        var server: HTTPServer? = HTTPServer(handler: echo, observer: observer, loops: 1)
        weak let remains = server
        let port = try #require(try server?.start(host: "127.0.0.1", port: 0))
        let client = try RawClient(port: port)
        try await client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try await client.receiveResponse().status == 200)
        server = nil
        #expect(remains == nil)
        try await client.expectEnd()
        await eventually("the port is closed") { (try? RawClient(port: port)) == nil }
        #expect(observer.current.closed == 1)
    }
}
