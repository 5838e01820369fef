import Basics
import ReplicaStore

/// An event that steers a subscriber: a named event (server-sent events, WHATWG HTML section 9.2), or a line with a member `event`.
///
/// Only `ready`, `bookmark` and `bye` have an id, and only where everything up to it was delivered: an id sent before the rows it
/// stands for would make a reconnecting client skip them.
struct ControlEvent {
    private let name: ControlEventName
    private let id: Position?
    /// The members of the JSON object, without its braces.
    private var members = JSONWriter()

    private init(_ name: ControlEventName, id: Position? = nil) {
        self.name = name
        self.id = id
    }

    /// Appends when a client should come back, where the encoding has a field for that.
    static func appendRetry(_ milliseconds: Int, _ encoding: FeedEncoding, to output: inout [UInt8]) {
        if encoding == .events { output += "retry: \(milliseconds)\n".utf8 }
    }

    /// `hello`: where the replica is, and the server's time.
    static func hello(position: Position, wallMilliseconds: Int64) -> ControlEvent {
        var event = ControlEvent(.hello)
        event.members.member("position", position.description)
        event.members.member("time", Timestamp.text(wallMilliseconds))
        return event
    }

    /// `reset`: forget everything; what follows starts over.
    static func reset(_ reason: ResetReason) -> ControlEvent { saying(.reset, reason.rawValue) }

    /// `moved`: the position of another replica was placed here. Changes of the last `overlap` before it come again.
    static func moved(from position: Position, overlap: Duration) -> ControlEvent {
        var event = ControlEvent(.moved)
        event.members.member("from", position.description)
        event.members.member("overlap_s", Int64(overlap.wholeSeconds))
        return event
    }

    /// `ready`: the head as of connecting has been reached; the client's items are the replica's as of the position. `items` is how
    /// many there are in all; nil, and then null, where the subscriber may not know.
    static func ready(position: Position, conditions: FeedConditions, items: Int?) -> ControlEvent {
        mark(.ready, position, conditions, items)
    }

    /// `bookmark`: the heartbeat. JavaScript cannot see comments, and the id lets a subscriber without news move on.
    static func bookmark(position: Position, conditions: FeedConditions, items: Int?) -> ControlEvent {
        mark(.bookmark, position, conditions, items)
    }

    /// `busy`: nothing can be served for now. The stream stays open, or ends and the client comes back after `retry`.
    static func busy(_ reason: BusyReason, detail: String) -> ControlEvent {
        saying(.busy, reason.rawValue, detail: detail)
    }

    /// `bye`: the server ends the stream on purpose.
    static func bye(_ reason: ByeReason, detail: String? = nil, at position: Position? = nil) -> ControlEvent {
        saying(.bye, reason.rawValue, detail: detail, id: position)
    }

    /// This event with the milliseconds after which the client should come back, for lines: they have no `retry` field.
    func retrying(after milliseconds: Int) -> ControlEvent {
        var event = self
        event.members.member("retry_ms", Int64(milliseconds))
        return event
    }

    /// Appends the event.
    func append(_ encoding: FeedEncoding, to output: inout [UInt8]) {
        switch encoding {
        case .events:
            if let id {
                output += "id: ".utf8
                id.append(to: &output)
                output.append(UInt8(ascii: "\n"))
            }
            output += "event: \(name.rawValue)\ndata: {".utf8
            output += members.bytes
            output += "}\n\n".utf8
        case .lines:
            output += "{\"event\":\"\(name.rawValue)\",".utf8
            if let id { output += "\"id\":\"\(id)\",".utf8 }
            output += members.bytes
            output += "}\n".utf8
        }
    }

    private static func saying(
        _ name: ControlEventName,
        _ reason: String,
        detail: String? = nil,
        id: Position? = nil
    ) -> ControlEvent {
        var event = ControlEvent(name, id: id)
        event.members.member("reason", reason)
        if let detail { event.members.member("detail", detail) }
        return event
    }

    private static func mark(
        _ name: ControlEventName,
        _ position: Position,
        _ conditions: FeedConditions,
        _ items: Int?
    ) -> ControlEvent {
        var event = ControlEvent(name, id: position)
        event.members.member("position", position.description)
        event.members.member("lag_ms", conditions.lagMilliseconds)
        event.members.member("items", items.map { Int64($0) })
        return event
    }
}
