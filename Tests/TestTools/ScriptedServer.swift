import Dispatch
import Glibc
import Synchronization

/// A loopback HTTP server that answers as a test says, byte for byte. A thread a connection; nothing of the product in it.
package final class ScriptedServer: Sendable {
    /// A request as it came off the wire.
    package struct Request: Sendable {
        /// Counts connections from 0, so that reuse can be seen.
        package let connection: Int
        package let requestLine: String
        /// Names in lower case, in the order received.
        package let headers: [(name: String, value: String)]
        package let body: [UInt8]

        package func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }
        package var text: String { String(decoding: body, as: UTF8.self) }
    }

    package enum Reply: Sendable {
        case answer(status: Int = 200, headers: [String] = [], body: String)
        case bytes(status: Int = 200, headers: [String] = [], body: [UInt8])
        /// Exactly these bytes, then the connection is closed.
        case rawThenClose(String)
        /// Says that `announced` bytes follow, and sends nothing more.
        case headThenSilence(announced: Int)
        /// Nothing, until the client goes away.
        case silence
        /// The connection is closed without an answer.
        case hangUp
    }

    package let port: UInt16
    private let listener: Int32
    private let handler: @Sendable (Request) -> Reply
    private struct State {
        var requests: [Request] = []
        var connections: [Int32] = []
        var accepted = 0
        var isStopped = false
    }
    private let state = Mutex(State())

    package init(_ handler: @escaping @Sendable (Request) -> Reply) {
        self.handler = handler
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        port = bindToLoopback(listener)
        precondition(listen(listener, 128) == 0)
    }

    package var url: String { "http://127.0.0.1:\(port)" }
    package var requests: [Request] { state.withLock { $0.requests } }
    package var connectionCount: Int { state.withLock { $0.accepted } }

    package func start() -> ScriptedServer {
        DispatchQueue(label: "scripted.accept").async { [self] in
            while true {
                let descriptor = accept(listener, nil, nil)
                guard descriptor >= 0 else { return }
                let number: Int? = state.withLock { state in
                    guard !state.isStopped else { return nil }
                    state.connections.append(descriptor)
                    state.accepted += 1
                    return state.accepted - 1
                }
                guard let number else {
                    close(descriptor)
                    return
                }
                DispatchQueue(label: "scripted.\(number)").async { [self] in serve(descriptor, number) }
            }
        }
        return self
    }

    /// Ends the listener and every connection.
    package func stop() {
        state.withLock { state in
            state.isStopped = true
            for descriptor in state.connections { shutdown(descriptor, Int32(SHUT_RDWR)) }
        }
        shutdown(listener, Int32(SHUT_RDWR))
    }

    deinit { close(listener) }

    private func serve(_ descriptor: Int32, _ number: Int) {
        var input = ByteInput(descriptor: descriptor)
        while let request = input.readRequest(connection: number) {
            state.withLock { $0.requests.append(request) }
            switch handler(request) {
            case .answer(let status, let headers, let body):
                respond(descriptor, status, headers, Array(body.utf8))
            case .bytes(let status, let headers, let body):
                respond(descriptor, status, headers, body)
            case .rawThenClose(let text):
                sendAll(descriptor, Array(text.utf8))
                return finish(descriptor)
            case .headThenSilence(let announced):
                sendAll(descriptor, Array("HTTP/1.1 200 OK\r\nContent-Length: \(announced)\r\n\r\n".utf8))
                input.waitForEnd()
                return finish(descriptor)
            case .silence:
                input.waitForEnd()
                return finish(descriptor)
            case .hangUp:
                return finish(descriptor)
            }
        }
        finish(descriptor)
    }

    private func finish(_ descriptor: Int32) {
        // Forgotten before it is closed, so that `stop` never meets another's descriptor of the same number.
        state.withLock { $0.connections.removeAll { $0 == descriptor } }
        close(descriptor)
    }

    private func respond(_ descriptor: Int32, _ status: Int, _ headers: [String], _ body: [UInt8]) {
        let lines = ["HTTP/1.1 \(status) X", "Content-Length: \(body.count)"] + headers
        sendAll(descriptor, Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8) + body)
    }
}

/// Bytes of a connection, cut into requests.
private struct ByteInput {
    let descriptor: Int32
    var buffer: [UInt8] = []

    mutating func readRequest(connection: Int) -> ScriptedServer.Request? {
        while true {
            if let end = headEnd() {
                let lines = String(decoding: buffer[..<end], as: UTF8.self).split(separator: "\r\n")
                let headers = lines.dropFirst().map { line in
                    let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
                    return (name: parts[0].lowercased(), value: String(parts[1].drop { $0 == " " }))
                }
                let length = headers.first { $0.name == "content-length" }.flatMap { Int($0.value) } ?? 0
                while buffer.count < end + 4 + length { guard fill() else { return nil } }
                let body = Array(buffer[(end + 4)..<(end + 4 + length)])
                buffer.removeFirst(end + 4 + length)
                return .init(
                    connection: connection,
                    requestLine: String(lines[0]),
                    headers: Array(headers),
                    body: body
                )
            }
            // A TLS handshake has no blank line. It is answered in plain text, as a plain server does.
            if buffer.first == 0x16 {
                buffer = []
                return .init(connection: connection, requestLine: "TLS handshake", headers: [], body: [])
            }
            guard fill() else { return nil }
        }
    }

    mutating func waitForEnd() { while fill() {} }

    private func headEnd() -> Int? {
        guard buffer.count >= 4 else { return nil }
        return (0...(buffer.count - 4)).first { buffer[$0..<($0 + 4)].elementsEqual([13, 10, 13, 10]) }
    }

    private mutating func fill() -> Bool {
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        let count = recv(descriptor, &chunk, chunk.count, 0)
        guard count > 0 else { return false }
        buffer.append(contentsOf: chunk[..<count])
        return true
    }
}

private func sendAll(_ descriptor: Int32, _ bytes: [UInt8]) {
    var sent = 0
    while sent < bytes.count {
        let count = bytes[sent...].withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        guard count > 0 else { return }
        sent += count
    }
}

/// Binds to a free port of 127.0.0.1 and returns it.
package func bindToLoopback(_ descriptor: Int32) -> UInt16 {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
            precondition(bind(descriptor, generic, length) == 0)
            precondition(getsockname(descriptor, generic, &length) == 0)
        }
    }
    return UInt16(bigEndian: address.sin_port)
}

/// A port of 127.0.0.1 that refuses connections for as long as `body` runs: bound, but not listened to.
package func withRefusingPort<Result>(
    _ body: (UInt16) async throws -> Result
) async rethrows -> Result {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    return try await body(bindToLoopback(descriptor))
}
