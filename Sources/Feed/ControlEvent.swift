import ReplicaStore
import TableModel

/// The named events that steer a subscriber (server-sent events, WHATWG HTML section 9.2).
///
/// Only `ready` and `bookmark` have an id: an id sent before the rows it stands for would make a reconnecting client skip them.
enum ControlEvent {
    static func appendRetry(_ milliseconds: Int, to output: inout [UInt8]) {
        output += "retry: \(milliseconds)\n".utf8
    }

    /// `hello`: where the replica is, and the server's time.
    static func appendHello(position: Position, wallMilliseconds: Int64, to output: inout [UInt8]) {
        output += "event: hello\ndata: {\"position\":\"\(position)\",\"time\":\"".utf8
        Timestamp.append(wallMilliseconds, to: &output)
        output += "\"}\n\n".utf8
    }

    /// `reset`: forget everything; what follows starts over.
    static func appendReset(_ reason: ResetReason, to output: inout [UInt8]) {
        output += "event: reset\ndata: {\"reason\":\"\(reason.rawValue)\"}\n\n".utf8
    }

    /// `ready`: the head as of connecting has been reached.
    static func appendReady(position: Position, conditions: FeedConditions, items: Int, to output: inout [UInt8]) {
        append("ready", position, conditions, items, to: &output)
    }

    /// `bookmark`: the heartbeat. JavaScript cannot see comments, and the id lets a subscriber without news move on.
    static func appendBookmark(position: Position, conditions: FeedConditions, items: Int, to output: inout [UInt8]) {
        append("bookmark", position, conditions, items, to: &output)
    }

    /// `busy`: nothing can be served for now. The stream stays open, or ends and the client comes back after `retry`.
    static func appendBusy(_ reason: String, detail: String, to output: inout [UInt8]) {
        output += "event: busy\ndata: {\"reason\":\"\(reason)\",\"detail\":".utf8
        JSONWriter.append(detail, to: &output)
        output += "}\n\n".utf8
    }

    /// `bye`: the server ends the stream on purpose.
    static func appendBye(_ reason: String, to output: inout [UInt8]) {
        output += "event: bye\ndata: {\"reason\":\"\(reason)\"}\n\n".utf8
    }

    private static func append(
        _ name: String,
        _ position: Position,
        _ conditions: FeedConditions,
        _ items: Int,
        to output: inout [UInt8]
    ) {
        let lag = conditions.lagMilliseconds.map(String.init) ?? "null"
        output += "id: \(position)\nevent: \(name)\n".utf8
        output += "data: {\"position\":\"\(position)\",\"lag_ms\":\(lag),\"items\":\(items)}\n\n".utf8
    }
}
