import Feed
import TableModel

/// An event of the feed as a client reads it.
struct FleetEvent {
    /// Empty for a change.
    var name = ""
    var id: String?
    var reason = ""
    var isPut = false
    var key = 0
    /// The write that left the state: the item's own, or else the version's.
    var write = -1
    var hasVersion = false
    var isSnapshot = false
    var isRepeat = false

    /// The whole events of a piece of the feed.
    static func parse(_ bytes: [UInt8], _ encoding: FeedEncoding) -> [FleetEvent] {
        var events: [FleetEvent] = []
        var event = FleetEvent()
        var hasData = false
        for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            switch encoding {
            case .lines where !line.isEmpty:
                event.read(Array(line))
                events.append(event)
                event = FleetEvent()
            case .lines: break
            case .events where line.isEmpty:
                if hasData { events.append(event) }
                (event, hasData) = (FleetEvent(), false)
            case .events:
                if line.starts(with: "id: ".utf8) {
                    event.id = String(decoding: line.dropFirst(4), as: UTF8.self)
                } else if line.starts(with: "event: ".utf8) {
                    event.name = String(decoding: line.dropFirst(7), as: UTF8.self)
                } else if line.starts(with: "data: ".utf8) {
                    hasData = true
                    event.read(Array(line.dropFirst(6)))
                }
            }
        }
        return events
    }

    private mutating func read(_ bytes: [UInt8]) {
        do { try bytes.withUnsafeBytes { try read($0) } } catch {
            preconditionFailure("the feed wrote \(String(decoding: bytes, as: UTF8.self))")
        }
    }

    private mutating func read(_ bytes: UnsafeRawBufferPointer) throws {
        var json = JSONReader(bytes)
        try json.beginObject()
        while let name = try json.nextMember() {
            switch name {
            case "event": self.name = try json.readString()
            case "reason": reason = try json.readString()
            case "op": isPut = try json.readString() == "put"
            case "id": id = try json.readString()
            case "cause": isSnapshot = try json.readString() == "snapshot"
            case "repeat": isRepeat = try json.readBool()
            case "version":
                hasVersion = true
                let version = FleetTable.write(ofVersion: try json.readString()) ?? -1
                if write < 0 { write = version }
            case "key":
                try json.beginObject()
                while try json.nextMember() != nil { key = Int(try json.readString().dropFirst()) ?? -1 }
            case "item":
                try json.beginObject()
                while let name = try json.nextMember() {
                    if name == "w" { write = Int(try json.readInteger()) } else { try json.skipValue() }
                }
            default: try json.skipValue()
            }
        }
        try json.readEnd()
    }
}
