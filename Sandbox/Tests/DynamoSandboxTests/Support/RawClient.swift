import Glibc
import TestTools

/// One HTTP exchange over a plain socket: nothing between the test and the bytes on the wire.
struct RawClient {
    struct Response {
        let head: String
        let body: [UInt8]
        /// Whether as many bytes came as the head promised.
        let isComplete: Bool

        var status: Int { Int(head.split(separator: " ").dropFirst().first ?? "") ?? 0 }
        var text: String { String(decoding: body, as: UTF8.self) }

        func header(_ name: String) -> String? {
            for line in head.split(separator: "\r\n") {
                let parts = line.split(separator: ":", maxSplits: 1)
                if parts.count == 2, parts[0].lowercased() == name {
                    return String(parts[1].drop { $0 == " " })
                }
            }
            return nil
        }
    }

    let port: Int

    /// Posts to `/` and reads until the server closes, 10 s at most.
    func post(target: String?, _ body: String) -> Response {
        let targetLine = target.map { "X-Amz-Target: \($0)\r\n" } ?? ""
        let request =
            "POST / HTTP/1.1\r\nHost: localhost\r\n\(targetLine)Content-Type: application/x-amz-json-1.0\r\n"
            + "Content-Length: \(body.utf8.count)\r\nConnection: close\r\n\r\n\(body)"
        return Self.parse(exchange(Array(request.utf8)))
    }

    private func exchange(_ request: [UInt8]) -> [UInt8] {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var timeout = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        guard connectToLoopback(descriptor, port: Int(port)),
            send(descriptor, request, request.count, Int32(MSG_NOSIGNAL)) == request.count
        else { return [] }
        var response: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = receive(descriptor, into: &buffer)
            guard count > 0 else { return response }
            response.append(contentsOf: buffer[..<count])
        }
    }

    private static func parse(_ bytes: [UInt8]) -> Response {
        let separator = Array("\r\n\r\n".utf8)
        let end = bytes.indices.first { bytes[$0...].starts(with: separator) } ?? bytes.count
        let head = String(decoding: bytes[..<end], as: UTF8.self)
        let raw = Array(bytes[min(bytes.count, end + 4)...])
        let draft = Response(head: head, body: raw, isComplete: false)
        if draft.header("transfer-encoding") == "chunked" {
            let (body, isComplete) = dechunk(raw)
            return Response(head: head, body: body, isComplete: isComplete)
        }
        let length = Int(draft.header("content-length") ?? "") ?? -1
        return Response(head: head, body: raw, isComplete: raw.count == length)
    }

    private static func dechunk(_ bytes: [UInt8]) -> ([UInt8], Bool) {
        var body: [UInt8] = []
        var rest = bytes[...]
        while let line = rest.firstIndex(of: 0x0A) {
            let digits = String(decoding: rest[..<line], as: UTF8.self).filter(\.isHexDigit)
            guard let size = Int(digits, radix: 16) else { return (body, false) }
            if size == 0 { return (body, true) }
            let start = line + 1
            guard start + size + 2 <= rest.endIndex else { return (body + rest[start...], false) }
            body.append(contentsOf: rest[start..<(start + size)])
            rest = rest[(start + size + 2)...]
        }
        return (body, false)
    }
}
