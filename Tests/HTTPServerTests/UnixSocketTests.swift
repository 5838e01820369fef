import CLinux
import Glibc
import Synchronization
import Testing

@testable import HTTPServer

/// Sockets in the file system: which files are replaced, and what stands for a client's address.
@Suite struct UnixSocketTests {
    /// A directory of its own, removed with everything in it.
    private final class Folder {
        let path: String

        init() throws {
            var template = Array("/tmp/tablecast-XXXXXX".utf8CString)
            path = try #require(
                template.withUnsafeMutableBufferPointer { buffer in
                    buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) }
                }
            )
        }

        deinit {
            for name in ["a.sock", "b.sock", "file"] { unlink("\(path)/\(name)") }
            rmdir(path)
        }

        var socket: String { "\(path)/a.sock" }
    }

    private static func start(
        _ path: String,
        mode: UInt32 = ListenPlan.defaultSocketMode,
        handler: any HTTPHandler = echo,
        limits: HTTPServerLimits = HTTPServerLimits()
    ) throws -> HTTPServer {
        let server = HTTPServer(handler: handler, observer: nil, limits: limits, loops: 1)
        _ = try server.start(on: ListenPlan([.unix(path: path)], socketMode: mode))
        return server
    }

    private static func failure(_ path: String) async -> String {
        do {
            await (try start(path)).stop(within: .zero)
            return "no error"
        } catch { return (error as? HTTPServerError)?.description(option: "--listen") ?? "\(error)" }
    }

    private static func mode(_ path: String) -> mode_t? {
        var status = stat()
        return lstat(path, &status) == 0 ? status.st_mode : nil
    }

    /// The file of a process that has died: bound, and nobody listens.
    private static func leaveFile(_ path: String) throws {
        let descriptor = linux_stream_socket(AF_UNIX)
        defer { close(descriptor) }
        let address = try #require(SocketAddress(path: path))
        #expect(address.withSocketAddress { bind(descriptor, $0, $1) } == 0)
    }

    @Test("serves clients of the file, whose address is unix:, and removes it at the end")
    func serves() async throws {
        let folder = try Folder()
        let server = try Self.start(folder.socket, handler: ClosureHandler { .text($0.peerAddress) })
        let client = try RawClient(path: folder.socket)
        try await client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try await client.receiveResponse().body == "unix:")
        await server.stop(within: .zero)
        #expect(Self.mode(folder.socket) == nil)
    }

    @Test("a long response over HTTP/1.0 is refused, because a cut could not be told from its end")
    func unframed() async throws {
        let folder = try Folder()
        let handler = ClosureHandler { _ in HTTPResponse(status: 200, body: .stream(FinitePieces())) }
        let server = try Self.start(folder.socket, handler: handler)
        for (version, status) in [(1, 200), (0, 505)] {
            let client = try RawClient(path: folder.socket)
            try await client.send("GET / HTTP/1.\(version)\r\nHost: a\r\n\r\n")
            let response = try await client.receiveResponse()
            #expect(response.status == status)
            if status == 505 { #expect(response.body.contains("proxy_http_version 1.1")) }
        }
        await server.stop(within: .zero)
    }

    /// A body whose length nobody knows before.
    private final class FinitePieces: StreamingBody {
        private var rest = 3

        var isFinite: Bool { true }

        func produce(into output: inout [UInt8], budget: Int, now: Duration) -> StreamStep {
            output.append(contentsOf: "piece".utf8)
            rest -= 1
            return rest == 0 ? .end : .again
        }

        func drain() {}
        func finished(_ reason: StreamEnd) {}
    }

    @Test("the file has the mode that was asked for, whatever the umask", arguments: [0o660, 0o666, 0o600] as [mode_t])
    func modes(_ mode: mode_t) async throws {
        let folder = try Folder()
        let server = try Self.start(folder.socket, mode: mode)
        #expect(Self.mode(folder.socket) == S_IFSOCK | mode)
        await server.stop(within: .zero)
    }

    @Test("replaces the file that a dead process left")
    func replaces() async throws {
        let folder = try Folder()
        try Self.leaveFile(folder.socket)
        let server = try Self.start(folder.socket)
        let client = try RawClient(path: folder.socket)
        try await client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try await client.receiveResponse().status == 200)
        await server.stop(within: .zero)
    }

    @Test("leaves the file of a live process alone, and names it")
    func refusesLive() async throws {
        let folder = try Folder()
        let server = try Self.start(folder.socket)
        #expect(
            await Self.failure(folder.socket)
                == "cannot listen on unix:\(folder.socket): address already in use. "
                + "Stop the other process, or choose another path with --listen."
        )
        _ = try RawClient(path: folder.socket)
        await server.stop(within: .zero)
    }

    @Test("leaves other files alone, and what symbolic links lead to")
    func refusesOthers() async throws {
        let folder = try Folder()
        let file = "\(folder.path)/file"
        close(open(file, O_CREAT | O_WRONLY, 0o600))
        let words = "the path leads to a file that is no socket. Remove it, or choose another path with --listen."
        #expect(await Self.failure(file) == "cannot listen on unix:\(file): \(words)")
        // Also to a file that a dead process left, and to nothing at all.
        let left = "\(folder.path)/b.sock"
        try Self.leaveFile(left)
        #expect(symlink(left, folder.socket) == 0)
        #expect(await Self.failure(folder.socket) == "cannot listen on unix:\(folder.socket): \(words)")
        unlink(left)
        #expect(await Self.failure(folder.socket) == "cannot listen on unix:\(folder.socket): \(words)")
        #expect(Self.mode(left) == nil)
        #expect(await Self.failure(folder.path) == "cannot listen on unix:\(folder.path): \(words)")
    }

    @Test("does not remove a file that has its path by now")
    func keepsSuccessor() async throws {
        let folder = try Folder()
        let first = try Self.start(folder.socket)
        unlink(folder.socket)
        let second = try Self.start(folder.socket)
        await first.stop(within: .zero)
        _ = try RawClient(path: folder.socket)
        await second.stop(within: .zero)
        #expect(Self.mode(folder.socket) == nil)
    }

    @Test("names what is wrong with a path")
    func paths() async throws {
        let long = "/tmp/" + String(repeating: "x", count: 103)
        #expect(
            await Self.failure(long)
                == "cannot listen on unix:\(long): the path has 108 bytes, and a Unix socket's has at most 107. "
                + "Choose a shorter one with --listen."
        )
        #expect(
            await Self.failure("/nonexistent/a.sock")
                == "cannot listen on unix:/nonexistent/a.sock: no such directory. "
                + "Create it, or choose another path with --listen."
        )
    }

    @Test("two of one service cannot have one path")
    func namedTwice() throws {
        let folder = try Folder()
        let server = HTTPServer(handler: echo, observer: nil, loops: 1)
        let plan = try ListenPlan([.unix(path: folder.socket), .unix(path: folder.socket)])
        #expect(
            throws: HTTPServerError.cannotListen(.unix(path: folder.socket), .heldByOther(.unix(path: folder.socket)))
        ) {
            () throws in _ = try server.start(on: plan)
        }
        #expect(Self.mode(folder.socket) == nil)
    }

    @Test("limits for one address do not count connections of a Unix socket together")
    func limits() async throws {
        let folder = try Folder()
        var limits = HTTPServerLimits()
        limits.connectionsPerAddress = 1
        let keys = Mutex<Set<UInt64>>([])
        let handler = ClosureHandler { request in
            keys.withLock { _ = $0.insert(request.clientKey) }
            return .text("x")
        }
        let server = try Self.start(folder.socket, handler: handler, limits: limits)
        var clients: [RawClient] = []
        for _ in 0..<5 {
            let client = try RawClient(path: folder.socket)
            try await client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(try await client.receiveResponse().status == 200)
            clients.append(client)
        }
        #expect(keys.withLock { $0.count } == 5)
        #expect(keys.withLock { $0.allSatisfy { $0 >> 56 == 0xFF } })
        await server.stop(within: .zero)
    }
}
