import Basics
import CLinux
import Glibc
package import HTTPSemantics

/// One request to a server of this machine, which must respond 200: by the address that it listens on, and by no proxy.
package struct HealthProbe: Sendable {
    /// Why a server counts as unhealthy.
    package enum Failure: Error, Sendable, Hashable {
        /// Port 0 is another one at each start.
        case unknownPort
        /// In the resolver's words.
        case unresolved(String)
        /// In the C library's words: nobody listens, for one.
        case notConnected(String)
        case timedOut(Duration)
        /// The connection ended before a response.
        case closed(String)
        case notHTTP
        case status(Int)
    }

    /// More of a response is not read.
    private static let responseBytes = 65_536

    private let path: String
    private let protocolSources: Networks
    private let patience: Duration
    private let deadline: Duration

    /// Requests go to `path`, which begins with `/`, and end `patience` after `start` (on the suspending clock) at the latest, all together.
    /// The server expects a PROXY protocol header from `protocolSources`.
    package init(
        path: String,
        protocolSources: Networks = Networks(),
        within patience: Duration,
        of start: Duration = SystemClock.suspending()
    ) {
        self.path = path
        self.protocolSources = protocolSources
        self.patience = patience
        deadline = start + patience
    }

    /// Whether `text` can be the target of a request.
    package static func isPath(_ text: String) -> Bool {
        text.hasPrefix("/") && text.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "#") }
    }

    /// Makes the request. A server of several addresses, as that of every address, may respond by any of them.
    package func check(_ address: ListenAddress) throws(Failure) {
        var first: Failure?
        for target in try Self.targets(address) {
            do throws(Failure) { return try check(target) } catch {
                // A response that is not good tells more than an address where nobody listens.
                if case .notConnected = error { first = first ?? error } else { throw error }
            }
        }
        throw first ?? .unresolved("the name has no address")
    }

    /// The addresses by which this machine reaches a server that listens on `address`.
    static func targets(_ address: ListenAddress) throws(Failure) -> [SocketAddress] {
        guard address.port != 0 else { throw .unknownPort }
        switch address {
        case .everywhere(let port): return [AF_INET, AF_INET6].map { SocketAddress($0, isLoopback: true, port: port) }
        case .unix(let path):
            guard let target = SocketAddress(path: path) else {
                throw .notConnected(SystemCallError(code: ENAMETOOLONG).text)
            }
            return [target]
        case .host(let host, let port):
            let found: [SocketAddress]
            do throws(HTTPServerError) { found = try ListenPlan.addresses(host, port, address) } catch {
                if case .cannotListen(_, .unresolved(let cause)) = error { throw .unresolved(cause) }
                throw .unresolved(error.description)
            }
            return found.flatMap { found in
                guard found.isWildcard else { return [found] }
                // An IPv6 socket for every address serves IPv4 clients, too, and all the more where IPv6 is switched off.
                let families = found.family == AF_INET6 ? [AF_INET6, AF_INET] : [AF_INET]
                return families.map { SocketAddress($0, isLoopback: true, port: port) }
            }
        }
    }

    private func check(_ target: SocketAddress) throws(Failure) {
        let descriptor = linux_stream_socket(target.family)
        guard descriptor >= 0 else { throw .notConnected(SystemCallError(code: errno).text) }
        defer { closeDescriptor(descriptor) }
        try connect(descriptor, to: target)
        try send(descriptor)
        let response = try receive(descriptor)
        guard let status = Self.status(of: response) else { throw .notHTTP }
        guard status == 200 else { throw .status(status) }
    }

    private func connect(_ descriptor: Int32, to target: SocketAddress) throws(Failure) {
        while true {
            switch systemCall({ target.withSocketAddress { Glibc.connect(descriptor, $0, $1) } }) {
            case .done: return
            // A Unix socket's queue is full.
            case .wouldBlock: try pause()
            case .failed(EINPROGRESS):
                try wait(descriptor, for: POLLOUT)
                var code: Int32 = 0
                var length = socklen_t(MemoryLayout<Int32>.size)
                getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &length)
                guard code == 0 else { throw .notConnected(SystemCallError(code: code).text) }
                return
            case .failed(let code): throw .notConnected(SystemCallError(code: code).text)
            }
        }
    }

    private func send(_ descriptor: Int32) throws(Failure) {
        // A connection that speaks for itself (PROXY protocol, section 2.1).
        let isSource = SocketAddress(of: descriptor).map { protocolSources.contains($0.peerAddress) } == true
        var rest = Array(
            "\(isSource ? "PROXY UNKNOWN\r\n" : "")GET \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
                .utf8
        )[...]
        while !rest.isEmpty {
            switch systemCall({ rest.withUnsafeBytes { linux_send(descriptor, $0.baseAddress, $0.count) } }) {
            case .done(let count): rest = rest.dropFirst(count)
            case .wouldBlock: try wait(descriptor, for: POLLOUT)
            // It may have responded before it closed.
            case .failed: return
            }
        }
    }

    private func receive(_ descriptor: Int32) throws(Failure) -> [UInt8] {
        var response: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 4_096)
        while response.count < Self.responseBytes {
            switch systemCall({ piece.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress, $0.count, 0) } }) {
            case .done(0): return response
            case .done(let count): response += piece[..<count]
            case .wouldBlock: try wait(descriptor, for: POLLIN)
            case .failed(let code):
                guard response.isEmpty else { return response }
                throw .closed(SystemCallError(code: code).text)
            }
        }
        return response
    }

    /// The status of a response that begins with a status line (RFC 9112 section 4); nil for anything else.
    static func status(of response: [UInt8]) -> Int? {
        let words = response.prefix { $0 != 13 && $0 != 10 }.split(separator: UInt8(ascii: " "), maxSplits: 2)
        guard words.count >= 2, words[0].starts(with: Array("HTTP/1.".utf8)), words[1].count == 3 else { return nil }
        return Digits.number(words[1]).map { Int($0) }
    }

    private func wait(_ descriptor: Int32, for events: Int32) throws(Failure) {
        var entry = pollfd(fd: descriptor, events: Int16(truncatingIfNeeded: events), revents: 0)
        guard try Glibc.poll(&entry, 1, left()) != 0 else { throw .timedOut(patience) }
    }

    private func pause() throws(Failure) { _ = Glibc.poll(nil, 0, min(10, try left())) }

    /// Milliseconds until the deadline, at least one.
    private func left() throws(Failure) -> Int32 {
        let left = (deadline - SystemClock.suspending()).millisecondsToWait
        guard left > 0 else { throw .timedOut(patience) }
        return Int32(clamping: left)
    }
}
