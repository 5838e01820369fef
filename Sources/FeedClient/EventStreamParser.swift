/// One event of a `text/event-stream` (WHATWG HTML section 9.2.6).
package struct ServerSentEvent: Sendable, Hashable {
    /// `message` unless the stream named another.
    package var name: String
    /// The lines of data, joined by LF.
    package var data: [UInt8]
    /// The last event id as of this event; empty when there has been none.
    package var lastEventID: String

    package init(name: String, data: [UInt8], lastEventID: String) {
        self.name = name
        self.data = data
        self.lastEventID = lastEventID
    }
}

/// Reads a `text/event-stream` in pieces of any size: the same events come out however the bytes were cut.
package struct EventStreamParser: Sendable {
    /// An event that is larger than is taken.
    package struct EventTooLarge: Error, Sendable, Hashable {
        /// The bound in bytes.
        package let limit: Int
    }

    private let limit: Int
    private var line: [UInt8] = []
    private var previousWasCarriageReturn = false
    private var isFirstLine = true
    private var name: [UInt8] = []
    private var data: [UInt8] = []
    private var hasData = false
    /// The id of the last event that was complete, or of a block without data: what a reconnecting reader sends.
    package private(set) var lastEventID = ""
    private var pendingID: String?
    /// The newest `retry` field in milliseconds; nil while none came.
    package private(set) var retryMilliseconds: Int?

    /// `limit` bounds one line, and the data of one event, in bytes.
    package init(limit: Int = FeedClientLimits().eventBytes) { self.limit = limit }

    /// Takes the next bytes and returns the events that they complete.
    package mutating func receive(_ bytes: Span<UInt8>) throws(EventTooLarge) -> [ServerSentEvent] {
        var events: [ServerSentEvent] = []
        for index in bytes.indices {
            let byte = bytes[index]
            if byte == UInt8(ascii: "\n"), previousWasCarriageReturn {
                previousWasCarriageReturn = false
                continue
            }
            previousWasCarriageReturn = byte == UInt8(ascii: "\r")
            guard byte == UInt8(ascii: "\n") || previousWasCarriageReturn else {
                guard line.count < limit else { throw EventTooLarge(limit: limit) }
                line.append(byte)
                continue
            }
            if let event = try endLine() { events.append(event) }
        }
        return events
    }

    private mutating func endLine() throws(EventTooLarge) -> ServerSentEvent? {
        defer { line.removeAll(keepingCapacity: true) }
        if isFirstLine {
            isFirstLine = false
            // A byte order mark may lead the stream.
            if line.starts(with: [0xEF, 0xBB, 0xBF]) { line.removeFirst(3) }
        }
        guard !line.isEmpty else { return endEvent() }
        let colon = line.firstIndex(of: UInt8(ascii: ":")) ?? line.endIndex
        var value = line[colon...].dropFirst()
        if value.first == UInt8(ascii: " ") { value = value.dropFirst() }
        switch String(decoding: line[..<colon], as: UTF8.self) {
        case "event": name = Array(value)
        case "data":
            guard data.count + value.count < limit else { throw EventTooLarge(limit: limit) }
            if hasData { data.append(UInt8(ascii: "\n")) }
            data += value
            hasData = true
        case "id" where !value.contains(0): pendingID = String(decoding: value, as: UTF8.self)
        case "retry":
            let digits = String(decoding: value, as: UTF8.self)
            if !digits.isEmpty, digits.utf8.allSatisfy({ (48...57).contains($0) }) { retryMilliseconds = Int(digits) }
        default: break
        }
        return nil
    }

    /// The empty line: the event is complete. One without data is dropped, but its id counts.
    private mutating func endEvent() -> ServerSentEvent? {
        defer {
            name = []
            data = []
            hasData = false
        }
        if let id = pendingID {
            lastEventID = id
            pendingID = nil
        }
        guard hasData else { return nil }
        let shown = name.isEmpty ? "message" : String(decoding: name, as: UTF8.self)
        return ServerSentEvent(name: shown, data: data, lastEventID: lastEventID)
    }
}
