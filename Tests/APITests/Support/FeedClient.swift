import Glibc
import TableModel
import TestTools
import Testing

/// A client of the feed over a raw socket: bytes in, chunks joined, events parsed as they come. Every wait has a limit.
final class FeedClient {
    struct Failure: Error, CustomStringConvertible { let description: String }

    private let descriptor: Int32
    private var isOpen = true
    private var raw: [UInt8] = []
    /// The response's head; empty until it is complete.
    private(set) var head = ""
    private(set) var body: [UInt8] = []
    /// The server has closed.
    private(set) var isClosed = false
    /// The last chunk has come.
    private(set) var isComplete = false
    private var parser = EventParser()
    private(set) var map: [String: Int] = [:]
    private(set) var lastID: String?

    var events: [ParsedEvent] { parser.events }
    var names: [String] { events.map(\.name) }
    var status: Int { Int(head.split(separator: " ").dropFirst().first ?? "") ?? 0 }

    init(
        port: Int,
        _ target: String,
        method: String = "GET",
        version: String = "1.1",
        fields: [String] = [],
        receiveBuffer: Int32? = nil
    ) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw Failure(description: "socket: \(errno)") }
        if var receiveBuffer {
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, socklen_t(MemoryLayout<Int32>.size))
        }
        guard connectToLoopback(descriptor, port: port) else { throw Failure(description: "connect: \(errno)") }
        let lines = ["\(method) \(target) HTTP/\(version)", "Host: localhost"] + fields
        let bytes = Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
        guard send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
            throw Failure(description: "send: \(errno)")
        }
    }

    deinit { close() }

    /// Closes with FIN.
    func close() {
        if isOpen { _ = Glibc.close(descriptor) }
        isOpen = false
    }

    /// Closes with RST.
    func reset() {
        var option = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        close()
    }

    /// The value of a field; nil when absent.
    subscript(name: String) -> String? {
        for line in head.split(separator: "\r\n").dropFirst() {
            let pair = line.split(separator: ":", maxSplits: 1)
            if pair.count == 2, pair[0].lowercased() == name { return pair[1].drop { $0 == " " }.description }
        }
        return nil
    }

    /// Reads what comes within `milliseconds`, at most `bytes` of it; false when nothing came.
    @discardableResult
    func pump(milliseconds: Int32 = 0, bytes: Int = 65_536) throws -> Bool {
        guard !isClosed else { return false }
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&entry, 1, milliseconds) > 0 else { return false }
        var buffer = [UInt8](repeating: 0, count: bytes)
        let count = recv(descriptor, &buffer, bytes, 0)
        if count <= 0 {
            isClosed = true
            return false
        }
        raw += buffer.prefix(count)
        try digest()
        return true
    }

    /// Reads until `condition`, at most `seconds`.
    func wait(seconds: Double = 60, _ condition: (FeedClient) -> Bool) throws {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while !condition(self) {
            guard ContinuousClock.now < deadline, !isClosed else {
                throw Failure(
                    description: "it did not come: \(names) \(String(decoding: body.suffix(400), as: UTF8.self))"
                )
            }
            try pump(milliseconds: 50)
        }
    }

    /// Lets go of what has come, except for the map: for tests that measure the process, of which the client is a part.
    func forget() {
        body = []
        parser.forget()
    }

    func wait(for name: String) throws { try wait { $0.names.contains(name) } }

    func waitForEnd() throws {
        for _ in 0..<1200 where !isClosed { try pump(milliseconds: 50) }
        guard isClosed else { throw Failure(description: "the server did not close") }
    }

    /// Takes apart what has come: head, chunks, events.
    private func digest() throws {
        if head.isEmpty {
            guard let end = raw.firstEnd(of: [13, 10, 13, 10]) else { return }
            head = String(decoding: raw[..<end], as: UTF8.self)
            raw.removeFirst(end)
        }
        guard self["transfer-encoding"] == "chunked" else {
            try take(raw)
            raw = []
            return
        }
        while let end = raw.firstEnd(of: [13, 10]) {
            guard let size = Int(String(decoding: raw[..<(end - 2)], as: UTF8.self), radix: 16) else {
                throw Failure(description: "no chunk size: \(String(decoding: raw[..<end], as: UTF8.self))")
            }
            guard raw.count >= end + size + 2 else { return }
            try take(Array(raw[end..<(end + size)]))
            raw.removeFirst(end + size + 2)
            if size == 0 { isComplete = true }
        }
    }

    private func take(_ bytes: [UInt8]) throws {
        body += bytes
        guard self["content-encoding"] == nil, self["content-type"] == "text/event-stream" else { return }
        let before = parser.events.count
        parser.feed(bytes)
        for event in parser.events[before...] { try apply(event) }
    }

    private func apply(_ event: ParsedEvent) throws {
        if let id = event.id { lastID = id }
        if event.name == "reset" {
            map = [:]
            lastID = nil
        }
        guard event.name == "message" else { return }
        let change = try event.change()
        map[change.id] = change.isRemoval ? nil : change.value ?? -1
    }
}

/// A server-sent event.
struct ParsedEvent: Equatable {
    var id: String?
    var name = "message"
    var data = ""

    /// The members of an envelope that tests look at.
    func change() throws -> (id: String, isRemoval: Bool, value: Int?, cause: String, text: String?) {
        var id = ""
        var isRemoval = false
        var value: Int?
        var cause = ""
        var text: String?
        try Array(data.utf8).withUnsafeBytes { bytes in
            var json = JSONReader(bytes)
            try json.beginObject()
            while let name = try json.nextMember() {
                switch name {
                case "op": isRemoval = try json.readString() == "remove"
                case "cause": cause = try json.readString()
                case "key":
                    try json.beginObject()
                    while try json.nextMember() != nil { id = try json.readString() }
                case "item":
                    try json.beginObject()
                    while let name = try json.nextMember() {
                        switch name {
                        case "v": value = Int(try json.readInteger())
                        case "text": text = try json.readString()
                        default: try json.skipValue()
                        }
                    }
                default: try json.skipValue()
                }
            }
            try json.readEnd()
        }
        return (id, isRemoval, value, cause, text)
    }
}

/// Parses server-sent events from pieces of any size (WHATWG HTML section 9.2.6).
struct EventParser {
    private(set) var events: [ParsedEvent] = []
    private var line: [UInt8] = []
    private var event = ParsedEvent()
    private var data: [String] = []

    mutating func forget() { events = [] }

    mutating func feed(_ bytes: some Sequence<UInt8>) {
        for byte in bytes {
            if byte == UInt8(ascii: "\n") { endLine() } else { line.append(byte) }
        }
    }

    private mutating func endLine() {
        let text = String(decoding: line, as: UTF8.self)
        line = []
        if text.isEmpty {
            if !data.isEmpty {
                event.data = data.joined(separator: "\n")
                events.append(event)
            }
            event = ParsedEvent()
            data = []
            return
        }
        let pair = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        var value = pair.count > 1 ? String(pair[1]) : ""
        if value.hasPrefix(" ") { value.removeFirst() }
        switch pair[0] {
        case "id": event.id = value
        case "event": event.name = value
        case "data": data.append(value)
        default: break
        }
    }
}

extension [UInt8] {
    /// The index behind the first occurrence of `pattern`.
    func firstEnd(of pattern: [UInt8]) -> Int? {
        guard count >= pattern.count else { return nil }
        for start in 0...(count - pattern.count) where Array(self[start..<(start + pattern.count)]) == pattern {
            return start + pattern.count
        }
        return nil
    }
}
