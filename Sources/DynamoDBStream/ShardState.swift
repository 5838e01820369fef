import Basics
import TableModel

/// How far a stream has been taken, shard by shard: what to save, and what to begin again with.
///
/// It holds positions (sequence numbers), never iterators, which expire after 15 minutes. As JSON it is versioned; a consumer
/// that saves it after it has saved the records' effects sees every record at least once, and none twice but those.
public struct ShardState: Sendable, Hashable {
    /// One shard's position.
    public struct Entry: Sendable, Hashable {
        /// The shard.
        public let shardID: String
        /// Its parent, if it has one.
        public let parentID: String?
        /// How far it has been taken.
        public let position: ShardPosition
        /// When it was found to have been read to its end, milliseconds since 1970 UTC; nil for one that was not, or where it is not
        /// known. What the time counts from after which a finished shard is forgotten.
        public let endedAt: Int64?

        /// Names a position.
        public init(shardID: String, parentID: String?, position: ShardPosition, endedAt: Int64? = nil) {
            self.shardID = shardID
            self.parentID = parentID
            self.position = position
            self.endedAt = endedAt
        }
    }

    /// The form that `encoded` writes.
    public static let version: Int64 = 1

    /// The stream that the positions belong to.
    public let streamARN: String
    /// The positions, ended shards included, by shard id.
    public let shards: [Entry]
    /// Until when everything of the stream had been taken, milliseconds since 1970 UTC; nil where it is not known. Where that is
    /// longer ago than the stream keeps records, some may have been trimmed without a word.
    public let readAt: Int64?

    /// Names positions.
    public init(streamARN: String, shards: [Entry], readAt: Int64? = nil) {
        self.streamARN = streamARN
        self.shards = shards
        self.readAt = readAt
    }

    /// The state as JSON, on one line.
    public func encoded() -> [UInt8] {
        JSONWriter.object { json in
            json.member("version", ShardState.version)
            json.member("stream", streamARN)
            if let readAt { json.member("read_at", readAt) }
            json.array("shards", shards) { json, entry in json.object { Self.write(entry, to: &$0) } }
        }
    }

    private static func write(_ entry: Entry, to json: inout JSONWriter) {
        json.member("id", entry.shardID)
        if let parentID = entry.parentID { json.member("parent", parentID) }
        switch entry.position {
        case .start: json.member("position", "start")
        case .ended:
            json.member("position", "ended")
            if let moment = entry.endedAt { json.member("ended_at", moment) }
        case .after(let last):
            json.member("position", "after")
            json.member("sequence_number", last.text)
        case .since(let moment):
            json.member("position", "since")
            json.member("milliseconds", moment)
        }
    }

    /// Reads what `encoded` wrote. A newer version, a position that is none, or anything but JSON throws.
    public init(decoding bytes: [UInt8]) throws(StreamStateError) {
        do throws(JSONError) {
            self = try JSONReader.withReader(over: bytes, ShardState.init(reading:))
        } catch {
            throw StreamStateError(reason: error.reason, offset: error.offset)
        }
    }

    private init(reading json: inout JSONReader) throws(JSONError) {
        var version: Int64?
        var streamARN: String?
        var shards: [Entry]?
        var readAt: Int64?
        try json.beginObject()
        while let name = try json.nextMember() {
            switch name {
            case "version": version = try json.readInteger()
            case "stream": streamARN = try json.readString()
            case "read_at": readAt = try json.readInteger()
            case "shards":
                var entries: [Entry] = []
                try json.beginArray()
                while try json.nextElement() { entries.append(try Entry(reading: &json)) }
                shards = entries
            default: try json.skipValue()
            }
        }
        try json.readEnd()
        guard let version, version >= 1 else { throw JSONError("the shard state has no version", offset: 0) }
        guard version <= ShardState.version else {
            throw JSONError(
                "the shard state has version \(version); this release reads up to \(ShardState.version)",
                offset: 0
            )
        }
        guard let streamARN, let shards else {
            throw JSONError("the shard state lacks its stream or its shards", offset: 0)
        }
        self.init(streamARN: streamARN, shards: shards, readAt: readAt)
    }
}

extension ShardState.Entry {
    fileprivate init(reading json: inout JSONReader) throws(JSONError) {
        var id: String?
        var parent: String?
        var position: String?
        var sequenceNumber: SequenceNumber?
        var milliseconds: Int64?
        var endedAt: Int64?
        try json.beginObject()
        while let name = try json.nextMember() {
            switch name {
            case "id": id = try json.readString()
            case "parent": parent = try json.readString()
            case "position": position = try json.readString()
            case "sequence_number": sequenceNumber = SequenceNumber(try json.readString())
            case "milliseconds": milliseconds = try json.readInteger()
            case "ended_at": endedAt = try json.readInteger()
            default: try json.skipValue()
            }
        }
        guard let id else { throw JSONError("a shard of the state has no id", offset: 0) }
        switch (position, sequenceNumber, milliseconds) {
        case ("start", _, _): self.init(shardID: id, parentID: parent, position: .start)
        case ("ended", _, _): self.init(shardID: id, parentID: parent, position: .ended, endedAt: endedAt)
        case ("after", .some(let last), _): self.init(shardID: id, parentID: parent, position: .after(last))
        case ("since", _, .some(let moment)): self.init(shardID: id, parentID: parent, position: .since(moment))
        default: throw JSONError("shard \(id) has a position that is none", offset: 0)
        }
    }
}

/// Bytes that are not a shard state.
public struct StreamStateError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What was wrong.
    public let reason: String
    /// The byte at which it was seen.
    public let offset: Int

    /// One line for an operator.
    public var description: String {
        "reading the shard state failed: \(reason) (byte \(offset)). Start without it and read the table again."
    }
}
