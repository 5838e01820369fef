import CLinux
import Glibc
import Testing

@testable import HTTPServer

/// A client that sends and receives bytes as they are. Every wait has a limit, after which it fails.
final class RawClient {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    let descriptor: Int32
    private var isOpen = true
    private(set) var received: [UInt8] = []

    /// `receiveBuffer` asks for a small window, so that a reader who stops is noticed soon.
    /// `source` is the client's own address.
    init(port: Int, host: String = "127.0.0.1", receiveBuffer: Int32? = nil, source: String? = nil) throws {
        descriptor = linux_stream_socket(AF_INET)
        guard descriptor >= 0 else { throw Failure(description: "socket: \(errno)") }
        if let receiveBuffer { _ = linux_set_option(descriptor, SOL_SOCKET, SO_RCVBUF, receiveBuffer) }
        _ = linux_set_option(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
        if let source {
            var own = sockaddr_in()
            own.sin_family = sa_family_t(AF_INET)
            inet_pton(AF_INET, source, &own.sin_addr)
            withUnsafePointer(to: &own) { pointer in
                _ = pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
        }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        inet_pton(AF_INET, host, &address.sin_addr)
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        let code = errno
        if status != 0, code != EINPROGRESS {
            close()
            throw Failure(description: "connect: \(code)")
        }
        var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        // Loopback: the kernel connects without the server's doing.
        poll(&entry, 1, 10_000)
        var failure: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &failure, &length)
        if failure != 0 {
            close()
            throw Failure(description: "connect: \(failure)")
        }
    }

    /// A client of a Unix socket.
    init(path: String) throws {
        descriptor = linux_stream_socket(AF_UNIX)
        guard descriptor >= 0 else { throw Failure(description: "socket: \(errno)") }
        guard let address = SocketAddress(path: path) else { throw Failure(description: "path: \(path)") }
        let status = address.withSocketAddress { connect(descriptor, $0, $1) }
        guard status == 0 else {
            let code = errno
            close()
            throw Failure(description: "connect: \(code)")
        }
    }

    /// A client of the IPv6 loopback address.
    init(loopback6 port: Int) throws {
        descriptor = linux_stream_socket(AF_INET6)
        guard descriptor >= 0 else { throw Failure(description: "socket: \(errno)") }
        let address = SocketAddress(AF_INET6, isLoopback: true, port: port)
        let status = address.withSocketAddress { connect(descriptor, $0, $1) }
        let code = errno
        guard status == 0 || code == EINPROGRESS else {
            close()
            throw Failure(description: "connect: \(code)")
        }
    }

    /// A client on one end of a pair of sockets that are connected to each other.
    init(descriptor: Int32) { self.descriptor = descriptor }

    /// A client, and the end that a server would have accepted.
    static func pair() throws -> (client: RawClient, accepted: Int32) {
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else { throw Failure(description: "socketpair: \(errno)") }
        return (RawClient(descriptor: ends[0]), ends[1])
    }

    deinit { close() }

    func close() {
        if isOpen { _ = Glibc.close(descriptor) }
        isOpen = false
    }

    /// Closes with RST.
    func reset() {
        _ = linux_reset_on_close(descriptor)
        close()
    }

    /// Opens the window of a client that was made with a small one, to read on quickly.
    func widen() { _ = linux_set_option(descriptor, SOL_SOCKET, SO_RCVBUF, 1 << 20) }

    func finishSending() { _ = shutdown(descriptor, Int32(SHUT_WR)) }

    func send(_ text: String) async throws { try await send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) async throws {
        var offset = 0
        while offset < bytes.count {
            let count = bytes.withUnsafeBytes {
                linux_send(descriptor, $0.baseAddress.map { $0 + offset }, bytes.count - offset)
            }
            if count > 0 {
                offset += count
            } else {
                guard errno == EAGAIN else { throw Failure(description: "send: \(errno)") }
                try await wait(for: Int16(POLLOUT))
            }
        }
    }

    /// Reads once, waiting for bytes; false at the end of the connection.
    @discardableResult
    func receiveSome() async throws -> Bool {
        try await wait(for: Int16(POLLIN))
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        let code = errno
        if count < 0 { throw Failure(description: code == ECONNRESET ? "reset" : "recv: \(code)") }
        received.append(contentsOf: buffer[..<count])
        return count > 0
    }

    /// Everything until the server closes, after what was taken before.
    func receiveAll() async throws -> String {
        while try await receiveSome() {}
        return take(received.count)
    }

    /// Waits until `text` has come, and takes everything up to its end.
    func receive(through text: String) async throws -> String {
        let pattern = Array(text.utf8)
        while true {
            if let end = firstEnd(of: pattern) { return take(end) }
            guard try await receiveSome() else {
                throw Failure(
                    description: "closed before \(text.debugDescription): \(String(decoding: received, as: UTF8.self))"
                )
            }
        }
    }

    /// The next response, with its body by Content-Length, chunks, or the end of the connection.
    func receiveResponse(toHead: Bool = false) async throws -> RawResponse {
        var response = try await RawResponse(head: receive(through: "\r\n\r\n"))
        if toHead || response.status < 200 || response.status == 204 || response.status == 304 { return response }
        if let length = response.field("content-length").flatMap({ Int($0) }) {
            while received.count < length {
                guard try await receiveSome() else { throw Failure(description: "short body") }
            }
            response.body = take(length)
        } else if response.field("transfer-encoding") == "chunked" {
            while true {
                let line = try await receive(through: "\r\n").dropLast()
                guard let size = Int(line, radix: 16) else { throw Failure(description: "chunk size \(line)") }
                while received.count < size + 2 {
                    guard try await receiveSome() else { throw Failure(description: "short chunk") }
                }
                let chunk = take(size)
                guard take(2) == "\r\n" else { throw Failure(description: "no CRLF after a chunk") }
                if size == 0 { return response }
                response.chunks.append(chunk)
                response.body += chunk
            }
        } else {
            response.body = try await receiveAll()
        }
        return response
    }

    /// Waits for the server to close, and fails if it says anything more.
    func expectEnd(sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let rest = try await receiveAll()
        #expect(rest == "", sourceLocation: sourceLocation)
    }

    private func take(_ count: Int) -> String {
        defer { received.removeFirst(count) }
        return String(decoding: received[..<count], as: UTF8.self)
    }

    private func firstEnd(of pattern: [UInt8]) -> Int? {
        received.withUnsafeBytes { bytes -> Int? in
            guard let base = bytes.baseAddress else { return nil }
            var start = 0
            while bytes.count - start >= pattern.count {
                let rest = bytes.count - start - pattern.count + 1
                guard let found = memchr(base + start, Int32(pattern[0]), rest) else { return nil }
                start = UnsafeRawPointer(found) - base
                if memcmp(base + start, pattern, pattern.count) == 0 { return start + pattern.count }
                start += 1
            }
            return nil
        }
    }

    /// Gives the thread away while it waits, since tests share few.
    private func wait(for events: Int16) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        var rounds = 0
        var entry = pollfd(fd: descriptor, events: events, revents: 0)
        while poll(&entry, 1, 0) <= 0 {
            if ContinuousClock.now > deadline { throw Failure(description: "nothing happened within a minute") }
            rounds += 1
            if rounds < 20 { await Task.yield() } else { try await Task.sleep(for: .milliseconds(1)) }
        }
    }
}

/// A response as it came.
struct RawResponse {
    let head: String
    let status: Int
    let fields: [(name: String, value: String)]
    var body = ""
    var chunks: [String] = []

    init(head: String) throws {
        self.head = head
        var lines = head.components(separatedBy: "\r\n")
        let statusLine = lines.removeFirst()
        guard statusLine.hasPrefix("HTTP/1.1 "), let status = Int(statusLine.dropFirst(9).prefix(3)),
            statusLine.dropFirst(12).hasPrefix(" ")
        else { throw RawClient.Failure(description: "status line \(statusLine)") }
        self.status = status
        fields = lines.filter { !$0.isEmpty }.map { line in
            let colon = line.firstIndex(of: ":") ?? line.endIndex
            return (line[..<colon].lowercased(), String(line[colon...].dropFirst(2)))
        }
    }

    /// The value of a field that stands once; nil when absent. Twice is a failure of the test.
    func field(_ name: String) -> String? {
        let values = fields.filter { $0.name == name }.map(\.value)
        #expect(values.count <= 1, "\(name) stands \(values.count) times")
        return values.first
    }
}

extension String {
    /// The pieces between the occurrences of `separator`, by bytes.
    func components(separatedBy separator: String) -> [String] {
        var pieces: [String] = []
        var piece: [UInt8] = []
        let pattern = Array(separator.utf8)
        for byte in utf8 {
            piece.append(byte)
            if piece.suffix(pattern.count).elementsEqual(pattern) {
                pieces.append(String(decoding: piece.dropLast(pattern.count), as: UTF8.self))
                piece = []
            }
        }
        pieces.append(String(decoding: piece, as: UTF8.self))
        return pieces
    }
}
