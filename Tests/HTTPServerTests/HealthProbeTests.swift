import CLinux
import Dispatch
import Glibc
import TestTools
import Testing

@testable import HTTPServer

@Suite struct HealthProbeTests {
    private static func targets(_ text: String) throws -> [String] {
        try HealthProbe.targets(try #require(ListenAddress(text))).map { $0.path ?? "\($0.host) \($0.port)" }
    }

    /// On a queue of its own: a probe blocks, and the few threads of tests must be free for the servers' other clients.
    private static func failure(
        _ address: ListenAddress,
        within patience: Duration = .seconds(30)
    ) async -> HealthProbe.Failure? {
        await withCheckedContinuation { continuation in
            DispatchQueue(label: "tablecast.tests.probe").async {
                do throws(HealthProbe.Failure) {
                    try HealthProbe(path: "/livez", within: patience).check(address)
                    continuation.resume(returning: nil)
                } catch { continuation.resume(returning: error) }
            }
        }
    }

    @Test("asks where the service listens, and loopback where that is every address")
    func targets() throws {
        #expect(try Self.targets(":8080") == ["127.0.0.1 8080", "::1 8080"])
        #expect(try Self.targets("0.0.0.0:8080") == ["127.0.0.1 8080"])
        #expect(try Self.targets("[::]:8080") == ["::1 8080", "127.0.0.1 8080"])
        #expect(try Self.targets("localhost:80") == ["127.0.0.1 80", "::1 80"])
        #expect(try Self.targets("10.0.0.7:80") == ["10.0.0.7 80"])
        #expect(try Self.targets("unix:/run/a.sock") == ["/run/a.sock"])
        #expect(throws: HealthProbe.Failure.unknownPort) { () throws in _ = try Self.targets(":0") }
    }

    @Test("reads the status line alone")
    func status() {
        func status(_ text: String) -> Int? { HealthProbe.status(of: Array(text.utf8)) }
        #expect(status("HTTP/1.1 200 OK\r\n\r\n") == 200)
        #expect(status("HTTP/1.0 503\r\n") == 503)
        for text in ["", "HTTP/1.1", "HTTP/1.1 20 OK", "SSH-2.0-OpenSSH", "HTTP/1.1 2x0 OK", "HTTP/2 200 OK"] {
            #expect(status(text) == nil)
        }
    }

    @Test("only a path that a request can have is one")
    func paths() {
        #expect(HealthProbe.isPath("/livez"))
        #expect(HealthProbe.isPath("/readyz?when=serving"))
        for text in ["", "livez", "/a b", "/a\r\nHost: b", "/é", "/#a"] { #expect(!HealthProbe.isPath(text)) }
    }

    @Test("a server that responds 200 is healthy, by either family and by its file")
    func healthy() async throws {
        try await withServer { _, port in
            #expect(await Self.failure(.everywhere(port: port)) == nil)
            #expect(await Self.failure(.host("localhost", port: port)) == nil)
            #expect(await Self.failure(.host("127.0.0.1", port: port)) == nil)
        }
        let path = "/tmp/tablecast-probe-\(getpid()).sock"
        let server = HTTPServer(handler: echo, observer: nil, loops: 1)
        _ = try server.start(on: ListenPlan([.unix(path: path)]))
        #expect(await Self.failure(.unix(path: path)) == nil)
        await server.stop(within: .zero)
        #expect(await Self.failure(.unix(path: path)) == .notConnected("No such file or directory"))
    }

    @Test("says why a server is not healthy")
    func unhealthy() async throws {
        var gone = 0
        try await withServer(ClosureHandler { _ in .text("no", status: 503) }) { _, port in
            #expect(await Self.failure(.everywhere(port: port)) == .status(503))
            gone = port
        }
        #expect(await Self.failure(.host("127.0.0.1", port: gone)) == .notConnected("Connection refused"))
    }

    @Test("a server that does not respond ends the wait at the deadline")
    func silent() async throws {
        let descriptor = linux_stream_socket(AF_INET)
        defer { close(descriptor) }
        let address = SocketAddress(AF_INET, isLoopback: true, port: 0)
        #expect(address.withSocketAddress { bind(descriptor, $0, $1) } == 0)
        #expect(listen(descriptor, 16) == 0)
        let port = try #require(SocketAddress(of: descriptor)).port
        #expect(
            await Self.failure(.host("127.0.0.1", port: port), within: .milliseconds(50))
                == .timedOut(.milliseconds(50))
        )
    }
}
