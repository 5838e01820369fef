import Dispatch
import Glibc
import ReplicaStore
import Synchronization
import TestTools
import Testing

/// A subscriber to `/v1/events` over a real socket, read by a queue of its own until it is closed.
final class EventReader: Sendable {
    private let descriptor: Int32
    private let received = Mutex<(bytes: [UInt8], isOver: Bool)>(([], false))

    /// Connects and asks for `target`. A `window` makes the kernel take little; `isReading` false never reads.
    init(port: Int, _ target: String = "/v1/events", window: Int32? = nil, isReading: Bool = true) throws {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        self.descriptor = descriptor
        try #require(descriptor >= 0)
        if var window { setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &window, socklen_t(MemoryLayout<Int32>.size)) }
        try #require(connectToLoopback(descriptor, port: port))
        // HTTP/1.0, so that the body comes as it is.
        let request = Array("GET \(target) HTTP/1.0\r\nHost: localhost\r\n\r\n".utf8)
        try #require(send(descriptor, request, request.count, Int32(MSG_NOSIGNAL)) == request.count)
        if isReading { DispatchQueue(label: "test.events").async { self.read() } }
    }

    deinit { Glibc.close(descriptor) }

    private func read() {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = receive(descriptor, into: &buffer)
            guard count > 0 else {
                received.withLock { $0.isOver = true }
                return
            }
            received.withLock { $0.bytes += buffer[..<count] }
        }
    }

    /// Ends the subscription.
    func close() { shutdown(descriptor, Int32(SHUT_RDWR)) }

    var isOver: Bool { received.withLock { $0.isOver } }

    /// Reads what is there and says whether the server has closed: for a subscriber that did not read.
    func drainToEnd() -> Bool {
        var patience = timeval(tv_sec: 5, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = receive(descriptor, into: &buffer)
            if count == 0 || (count < 0 && errno == ECONNRESET) { return true }
            if count < 0 { return false }
        }
    }

    /// The complete events so far.
    var events: [ReceivedEvent] {
        let text = String(decoding: received.withLock { $0.bytes }, as: UTF8.self)
        guard let head = text.ranges(of: "\r\n\r\n").first else { return [] }
        return ReceivedEvent.parse(text[head.upperBound...])
    }

    /// The changes so far, without the control events.
    var changes: [ReceivedEvent] { events.filter { $0.name == "message" } }

    /// What a client that keeps a map has now.
    var map: [String: Int] {
        var map: [String: Int] = [:]
        for event in events {
            if event.name == "reset" { map = [:] }
            guard event.name == "message", let key = event.key else { continue }
            map[key] = event.isRemoval ? nil : event.number
        }
        return map
    }

    /// What is wrong with the order of the changes; empty when nothing went back and no id came twice.
    func violations(_ history: History) -> [String] {
        var witness = Witness()
        for event in changes {
            guard let key = event.key, let id = event.id.flatMap(Position.init) else { continue }
            witness.take(key, event.isRemoval ? nil : event.number, epoch: id.epoch.text, seq: id.seq, history)
        }
        return witness.violations
    }
}

extension ReceivedEvent {
    /// The text between the first `start` in the data and the `end` after it.
    func between(_ start: String, _ end: String) -> String? {
        guard let first = data.ranges(of: start).first else { return nil }
        let rest = data[first.upperBound...]
        return rest.ranges(of: end).first.map { String(rest[..<$0.lowerBound]) }
    }

    var key: String? { between(#""key":{"id":""#, "\"") }
    var number: Int? { between(#""n":"#, "}").flatMap { Int($0) } }
    var isRemoval: Bool { data.hasPrefix(#"{"op":"remove""#) }
    var cause: String? { between(#""cause":""#, "\"") }
}
