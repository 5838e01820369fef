import CLinux
import Glibc
import TestTools

/// What went wrong with a case.
package struct CaseFailure: Error, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}

/// A blocking connection that reads responses strictly; every wait is bounded.
final class CaseConnection {
    let descriptor: Int32
    private var received: [UInt8] = []
    private var isEnded = false

    init(port: Int) throws(CaseFailure) {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw CaseFailure("socket: \(errno)") }
        var patience = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        _ = linux_set_option(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, 1)
        if !connectToLoopback(descriptor, port: port) { throw CaseFailure("connect: \(errno)") }
    }

    /// With a reset, so that thousands of them leave no port behind that is still in use.
    deinit {
        _ = linux_reset_on_close(descriptor)
        close(descriptor)
    }

    func send(_ bytes: ArraySlice<UInt8>) throws(CaseFailure) {
        var rest = bytes
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { linux_send(descriptor, $0.baseAddress, $0.count) }
            let code = errno
            if count < 0 { throw CaseFailure("send: \(code)") }
            rest = rest.dropFirst(count)
        }
    }

    func finishSending() { _ = shutdown(descriptor, Int32(SHUT_WR)) }

    /// Whether anything has come, the end included, without waiting.
    func hasAnswer() -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, 0) > 0
    }

    /// Everything up to the end of the connection, which must be a clean one.
    func rest() throws(CaseFailure) -> [UInt8] {
        while try receive() {}
        defer { received = [] }
        return received
    }

    /// The next response, interim ones too.
    func response(toHead isHead: Bool) throws(CaseFailure) -> CaseResponse {
        var response = try CaseResponse(head: take(through: "\r\n\r\n"))
        if isHead || response.isBodyless { return response }
        if let length = response["content-length"] {
            guard let count = Int(length) else { throw CaseFailure("Content-Length: \(length)") }
            response.body = try take(count)
        } else if response["transfer-encoding"] == "chunked" {
            while true {
                let line = String(decoding: try take(through: "\r\n").dropLast(2), as: UTF8.self)
                guard let size = Int(line, radix: 16) else { throw CaseFailure("chunk size \(line.debugDescription)") }
                response.body += try take(size)
                guard try take(2) == [13, 10] else { throw CaseFailure("no CRLF after a chunk") }
                if size == 0 { break }
            }
        } else {
            response.body = try rest()
        }
        return response
    }

    private func take(through text: String) throws(CaseFailure) -> [UInt8] {
        let pattern = Array(text.utf8)
        while true {
            let end = received.withUnsafeBytes { bytes -> Int? in
                guard let base = bytes.baseAddress else { return nil }
                var start = 0
                while start + pattern.count <= bytes.count {
                    let rest = bytes.count - start - pattern.count + 1
                    guard let found = memchr(base + start, Int32(pattern[0]), rest) else { return nil }
                    start = UnsafeRawPointer(found) - base
                    if memcmp(base + start, pattern, pattern.count) == 0 { return start + pattern.count }
                    start += 1
                }
                return nil
            }
            if let end { return try take(end) }
            guard try receive() else {
                throw CaseFailure(
                    "the connection ended after \(String(decoding: received, as: UTF8.self).debugDescription)"
                )
            }
        }
    }

    private func take(_ count: Int) throws(CaseFailure) -> [UInt8] {
        while received.count < count { guard try receive() else { throw CaseFailure("a body is cut short") } }
        defer { received.removeFirst(count) }
        return Array(received[..<count])
    }

    private func receive() throws(CaseFailure) -> Bool {
        if isEnded { return false }
        var buffer = [UInt8](repeating: 0, count: 16_384)
        let count = TestTools.receive(descriptor, into: &buffer)
        let code = errno
        guard count >= 0 else {
            throw CaseFailure(
                code == EAGAIN ? "nothing came within 20 s" : code == ECONNRESET ? "reset" : "recv: \(code)"
            )
        }
        isEnded = count == 0
        received += buffer[..<count]
        return count > 0
    }
}
