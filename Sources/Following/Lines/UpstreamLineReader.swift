import Basics
import ReplicaStore
import TableModel

/// Reads lines of `GET /v1/changes?mode=replica`: strict in what it uses, and blind to members that it does not know.
struct UpstreamLineReader {
    /// A line that was read.
    enum Line {
        /// Key and item are the one entry of `batch`. The item of a removal is its key's attributes.
        case change(UpstreamChange)
        case control(UpstreamLine)
    }

    /// The key and the item of the newest change.
    private(set) var batch = ItemBatch()

    /// `schema` is that of the contents; nil before a line has told it, when no change may come.
    mutating func read(_ bytes: UnsafeRawBufferPointer, schema: KeySchema?) throws(UpstreamLineError) -> Line {
        do throws(JSONError) {
            var json = JSONReader(bytes)
            try json.beginObject()
            guard let first = try json.nextMember() else { return .control(.other) }
            switch first {
            case "op": return try readChange(&json, schema)
            case "event":
                let name = try json.readString()
                return .control(try Self.readControl(name, &json))
            default: throw JSONError("a line begins with neither op nor event", offset: 0)
            }
        } catch {
            throw UpstreamLineError(description: "a line cannot be read: \(error)")
        }
    }

    // MARK: Changes

    private mutating func readChange(_ json: inout JSONReader, _ schema: KeySchema?) throws(JSONError) -> Line {
        guard let schema else { throw JSONError("a change comes before its contents were described", offset: 0) }
        let operation = try json.readString()
        guard operation == "put" || operation == "remove" else {
            throw JSONError("the operation '\(operation.prefix(40))' is not known", offset: json.offset)
        }
        let isPut = operation == "put"
        batch.arena.removeAll(keepingCapacity: batch.arena.count <= 1_048_576)
        batch.entries.removeAll(keepingCapacity: true)
        var position: (Epoch, UInt64)?
        var version: SequenceNumber?
        var at: Int64?
        var cause: ChangeCause?
        while let name = try json.nextMember() {
            switch name {
            case "item" where isPut: try json.readItem(into: &batch, schema: schema)
            case "key" where !isPut: try json.readItem(into: &batch, schema: schema)
            case "id": position = try readPosition(&json)
            case "version":
                version = SequenceNumber(try json.readString())
                if version == nil { throw JSONError("a version is not a number", offset: json.offset) }
            case "at": at = Timestamp.milliseconds(try json.readString())
            case "cause": cause = ChangeCause(name: try json.readString())
            default: try json.skipValue()
            }
        }
        try json.readEnd()
        guard batch.entries.count == 1 else { throw JSONError("a change without its item or key", offset: 0) }
        guard let (epoch, seq) = position else { throw JSONError("a change without a usable id", offset: 0) }
        guard let at, let cause else { throw JSONError("a change without a usable time or cause", offset: 0) }
        guard !isPut || cause != .unreadable else { throw JSONError("an unreadable item that was read", offset: 0) }
        return .change(
            UpstreamChange(epoch: epoch, seq: seq, isPut: isPut, version: version, at: at, cause: cause)
        )
    }

    /// Reads `<epoch>.<seq>`. Nearly all have one epoch.
    private mutating func readPosition(_ json: inout JSONReader) throws(JSONError) -> (Epoch, UInt64)? {
        guard let position = Position(try json.readString()) else { return nil }
        return (position.epoch, position.seq)
    }

    // MARK: Everything else

    private static func readControl(_ name: String, _ json: inout JSONReader) throws(JSONError) -> UpstreamLine {
        switch name {
        case "source": return .source(try readSource(&json))
        case "contents": return .contents(try readContents(&json))
        case "ready", "bookmark": return .mark(try readMark(&json))
        case "reset": return .reset(reason: try readReason(&json).reason)
        case "moved": return .moved
        case "busy":
            let (reason, detail, _) = try readReason(&json)
            return .busy(reason: reason, detail: detail ?? reason)
        case "bye":
            let (reason, detail, retry) = try readReason(&json)
            return .bye(reason: reason, detail: detail, retry: retry)
        default: return .other
        }
    }

    private static func readReason(_ json: inout JSONReader) throws(JSONError) -> (
        reason: String, detail: String?, retry: Duration?
    ) {
        var (reason, detail): (String?, String?) = (nil, nil)
        var retry: Duration?
        while let name = try json.nextMember() {
            switch name {
            case "reason": reason = try json.readString()
            case "detail": detail = try json.readString()
            case "retry_ms": retry = .milliseconds(try readNumber(&json))
            default: try json.skipValue()
            }
        }
        guard let reason else { throw JSONError("an event without its reason", offset: json.offset) }
        return (reason, detail, retry)
    }

    /// A whole number from 0 that sums of a few such cannot overflow.
    private static func readNumber(
        _ json: inout JSONReader,
        upTo limit: Int64 = 1 << 53
    ) throws(JSONError) -> Int64 {
        let number = try json.readInteger()
        guard (0...limit).contains(number) else {
            throw JSONError("\(number) is not a number from 0 to \(limit)", offset: json.offset)
        }
        return number
    }

    private static func readSource(_ json: inout JSONReader) throws(JSONError) -> UpstreamSource {
        var (version, chain): (Int64?, [String]) = (nil, [])
        while let name = try json.nextMember() {
            switch name {
            case "protocol": version = try json.readInteger()
            case "chain":
                try json.beginArray()
                while try json.nextElement() { chain.append(try json.readString()) }
            default: try json.skipValue()
            }
        }
        guard let version, !chain.isEmpty else {
            throw JSONError("a source without its protocol or chain", offset: json.offset)
        }
        return UpstreamSource(version: version, chain: chain)
    }

    private static func readContents(_ json: inout JSONReader) throws(JSONError) -> UpstreamContents {
        var (epoch, stream): (Epoch?, StreamTag?) = (nil, nil)
        var (table, arn, ignored): (String?, String?, String) = (nil, nil, "")
        var schema: KeySchema?
        var birth: Int64?
        var isPartial = false
        while let name = try json.nextMember() {
            switch name {
            case "epoch": epoch = Epoch(try json.readString())
            case "table": table = try json.readString()
            case "key": schema = try readSchema(&json)
            case "stream_arn": arn = try json.readNull() ? nil : try json.readString()
            case "stream": stream = try json.readNull() ? nil : StreamTag(try json.readString())
            case "ignored_attributes": ignored = try json.readString()
            case "birth": birth = try json.readNull() ? nil : try readNumber(&json, upTo: Watermarks.greatest)
            case "partial": isPartial = try json.readBool()
            default: try json.skipValue()
            }
        }
        guard let epoch, let table, let schema else {
            throw JSONError("contents without a usable epoch, table or key", offset: json.offset)
        }
        return UpstreamContents(
            epoch: epoch,
            tableName: table,
            keySchema: schema,
            streamARN: arn,
            stream: stream,
            ignoredAttributes: ignored,
            birth: birth,
            isPartial: isPartial
        )
    }

    private static func readSchema(_ json: inout JSONReader) throws(JSONError) -> KeySchema? {
        var (partition, sort): (KeyAttribute?, KeyAttribute?) = (nil, nil)
        try json.beginObject()
        while let name = try json.nextMember() {
            switch name {
            case "partition": partition = try readAttribute(&json)
            case "sort": sort = try json.readNull() ? nil : try readAttribute(&json)
            default: try json.skipValue()
            }
        }
        return partition.map { KeySchema(partition: $0, sort: sort) }
    }

    private static func readAttribute(_ json: inout JSONReader) throws(JSONError) -> KeyAttribute? {
        var (name, type): (String?, KeyType?) = (nil, nil)
        try json.beginObject()
        while let member = try json.nextMember() {
            switch member {
            case "name": name = try json.readString()
            case "type": type = KeyType(rawValue: try json.readString())
            default: try json.skipValue()
            }
        }
        guard let name, let type else { throw JSONError("a key without a usable name or type", offset: json.offset) }
        return KeyAttribute(name: name, type: type)
    }

    private static func readMark(_ json: inout JSONReader) throws(JSONError) -> UpstreamMark {
        var position: Position?
        var (lag, items): (Int64?, Int64?) = (nil, nil)
        var (state, reason): (String?, String) = (nil, "")
        var digest: ContentDigest?
        var horizon: UInt64?
        var sent: Duration?
        while let name = try json.nextMember() {
            switch name {
            case "position": position = Position(try json.readString())
            case "lag_ms": lag = try json.readNull() ? nil : try readNumber(&json)
            case "items": items = try json.readNull() ? nil : try readNumber(&json)
            case "state": state = try json.readString()
            case "reason": reason = try json.readString()
            case "digest":
                if try json.readNull() { continue }
                digest = ContentDigest(try json.readString())
                if digest == nil { throw JSONError("a digest that is none", offset: json.offset) }
            case "horizon": horizon = UInt64(try json.readString())
            case "sent_ms": sent = .milliseconds(try readNumber(&json))
            default: try json.skipValue()
            }
        }
        guard let position, let state, let horizon else {
            throw JSONError("a bookmark without a usable position, state or horizon", offset: json.offset)
        }
        return UpstreamMark(
            position: position,
            lagMilliseconds: lag,
            state: state,
            reason: reason,
            items: items,
            digest: digest,
            horizon: horizon,
            sentAt: sent
        )
    }
}

extension ChangeCause {
    /// The cause of this name in a change envelope; nil for any other name.
    init?(name: String) {
        switch name {
        case "stream": self = .stream
        case "snapshot": self = .snapshot
        case "ttl": self = .ttl
        case "repair": self = .repair
        case "unreadable": self = .unreadable
        default: return nil
        }
    }
}
