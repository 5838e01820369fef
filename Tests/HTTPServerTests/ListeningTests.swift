import CLinux
import Glibc
import Synchronization
import Testing

@testable import HTTPServer

/// Listeners of a server: several addresses, both families, and machines that lack one.
@Suite struct ListeningTests {
    /// Whether this machine has the IPv6 loopback address.
    private static let hasIPv6 = (try? ListeningTests.open(["[::1]:0"]).sockets.first).map { socket in
        socket.close()
        return true
    }

    private static func open(
        _ texts: [String],
        newSocket: @escaping (Int32) -> Int32 = linux_stream_socket
    ) throws -> (sockets: [ListeningSocket], notes: [String]) {
        let plan = try ListenPlan(texts.map { try #require(ListenAddress($0)) })
        var opener = SocketOpener(plan, HTTPServerLimits(), newSocket: newSocket)
        return try opener.open()
    }

    private static func serving(
        _ texts: [String],
        _ body: (Listening) async throws -> Void
    ) async throws {
        let server = HTTPServer(handler: echo, observer: nil, loops: 1)
        let listening = try server.start(on: ListenPlan(texts.map { try #require(ListenAddress($0)) }))
        do { try await body(listening) } catch {
            await server.stop(within: .zero)
            throw error
        }
        await server.stop(within: .zero)
    }

    private static func expectServed(
        _ client: RawClient,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        try await client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try await client.receiveResponse().status == 200, sourceLocation: sourceLocation)
    }

    /// What opening ends with, where it fails.
    private static func failure(_ texts: [String], newSocket: @escaping (Int32) -> Int32 = linux_stream_socket)
        -> String
    {
        do {
            for socket in try open(texts, newSocket: newSocket).sockets { socket.close() }
            return "no error"
        } catch { return (error as? HTTPServerError)?.description(option: "--listen") ?? "\(error)" }
    }

    /// A machine whose kernel has no IPv6.
    private static func withoutIPv6(_ family: Int32) -> Int32 {
        guard family == AF_INET6 else { return linux_stream_socket(family) }
        errno = EAFNOSUPPORT
        return -1
    }

    @Test("a port alone serves both families by one socket, and says so")
    func everywhere() async throws {
        try await Self.serving([":0"]) { listening in
            #expect(listening.addresses.count == 1)
            try await Self.expectServed(RawClient(port: listening.port))
            guard Self.hasIPv6 == true else { return }
            #expect(listening.notes == [])
            #expect(listening.addresses[0].description == "http://[::]:\(listening.port) (IPv6 and IPv4)")
            #expect(listening.url == "http://127.0.0.1:\(listening.port)")
            try await Self.expectServed(RawClient(loopback6: listening.port))
        }
    }

    @Test("a port alone is served by IPv4 where there is no IPv6, with one line")
    func fallsBack() throws {
        let (sockets, notes) = try Self.open([":0"], newSocket: Self.withoutIPv6)
        defer { for socket in sockets { socket.close() } }
        let port = try #require(sockets.first?.bound.port)
        #expect(sockets.map(\.bound.description) == ["http://0.0.0.0:\(port)"])
        #expect(
            notes == [
                "this machine has no IPv6 (Address family not supported by protocol), so :0 is served by IPv4 alone"
            ]
        )
    }

    @Test("any other failure is one, and no reason to fall back")
    func fallsBackForNothingElse() {
        let failure = Self.failure([":0"]) { family in
            guard family == AF_INET6 else { return linux_stream_socket(family) }
            errno = EMFILE
            return -1
        }
        #expect(failure == "cannot listen on :0: Too many open files.")
    }

    @Test("an IPv6 address means itself: without IPv6 it is an error that says what to give")
    func explicitIPv6() {
        for text in ["[::]:0", "[::1]:0"] {
            #expect(
                Self.failure([text], newSocket: Self.withoutIPv6)
                    == "cannot listen on \(text): this machine has no IPv6. "
                    + "Give an address of another family, or a port alone such as :8080, with --listen."
            )
        }
    }

    @Test("localhost is both loopback addresses with one port, and one of them where the other is missing")
    func localhost() async throws {
        let (sockets, notes) = try Self.open(["localhost:0"], newSocket: Self.withoutIPv6)
        for socket in sockets { socket.close() }
        let port = try #require(sockets.first?.bound.port)
        #expect(sockets.map(\.bound.description) == ["http://127.0.0.1:\(port)"])
        #expect(
            notes == ["localhost:0 is not served on [::1]:\(port): Address family not supported by protocol"]
        )
        guard Self.hasIPv6 == true else { return }
        try await Self.serving(["localhost:0"]) { listening in
            let port = listening.port
            #expect(listening.addresses.map(\.description) == ["http://127.0.0.1:\(port)", "http://[::1]:\(port)"])
            try await Self.expectServed(RawClient(port: port))
            try await Self.expectServed(RawClient(loopback6: port))
        }
    }

    @Test("where one address of localhost is taken, the error names that one and nothing stays open")
    func takenOnOneSide() throws {
        guard Self.hasIPv6 == true else { return }
        let holder = try Self.open(["[::1]:0"]).sockets
        let port = try #require(holder.first?.bound.port)
        #expect(
            Self.failure(["127.0.0.1:0", "localhost:\(port)"])
                == "cannot listen on [::1]:\(port): address already in use. "
                + "Stop the other process, or choose another port with --listen."
        )
        for socket in holder { socket.close() }
        for socket in try Self.open(["localhost:\(port)"]).sockets { socket.close() }
    }

    @Test("a port that two addresses of one service name is no other process's")
    func namedTwice() throws {
        let free = try Self.open(["127.0.0.1:0"]).sockets
        let port = try #require(free.first?.bound.port)
        for socket in free { socket.close() }
        #expect(
            Self.failure([":\(port)", "127.0.0.1:\(port)"])
                == "cannot listen on 127.0.0.1:\(port): :\(port) has it already. Name each port once with --listen."
        )
    }

    @Test("every IPv6 and every IPv4 address can be named beside each other with one port")
    func wildcardsOfBothFamilies() async throws {
        guard Self.hasIPv6 == true else { return }
        let free = try Self.open([":0"]).sockets
        let port = try #require(free.first?.bound.port)
        for socket in free { socket.close() }
        try await Self.serving(["[::]:\(port)", "0.0.0.0:\(port)"]) { listening in
            #expect(listening.addresses.map(\.description) == ["http://[::]:\(port)", "http://0.0.0.0:\(port)"])
            #expect(listening.addresses.map(\.url) == ["http://[::1]:\(port)", "http://127.0.0.1:\(port)"])
            try await Self.expectServed(RawClient(port: port))
            try await Self.expectServed(RawClient(loopback6: port))
        }
    }

    @Test("every IPv6 address alone serves IPv4 clients, too")
    func ipv6Wildcard() async throws {
        guard Self.hasIPv6 == true else { return }
        try await Self.serving(["[::]:0"]) { listening in
            try await Self.expectServed(RawClient(port: listening.port))
        }
    }

    @Test("a server stops on all its addresses")
    func stopsEverywhere() async throws {
        let server = HTTPServer(handler: echo, observer: nil, loops: 1)
        let plan = try ListenPlan(["127.0.0.1", "127.0.0.2"].map { ListenAddress(host: $0, port: 0) })
        let listening = try server.start(on: plan)
        let ports = listening.addresses.compactMap(\.port)
        try await Self.expectServed(RawClient(port: ports[0]))
        try await Self.expectServed(RawClient(port: ports[1], host: "127.0.0.2"))
        await server.stop(within: .zero)
        #expect(throws: RawClient.Failure.self) { try RawClient(port: ports[0]) }
        #expect(throws: RawClient.Failure.self) { try RawClient(port: ports[1], host: "127.0.0.2") }
    }

    @Test("a server that is given nothing to listen on says so")
    func nowhere() throws {
        let server = HTTPServer(handler: echo, observer: nil, loops: 1)
        let plan = try ListenPlan([])
        #expect(throws: HTTPServerError.nowhereToListen) { () throws in _ = try server.start(on: plan) }
    }
}
