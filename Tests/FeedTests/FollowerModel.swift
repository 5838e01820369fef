import HTTPServer
import ReplicaStore
import TableModel
import Testing

@testable import Feed

/// A line of a follower's feed.
struct FollowerLine {
    let text: String
    var event: String?
    var operation: String?
    var id: Position?
    var key: ItemKey?
    var item: Item?
    /// The string members by name.
    var strings: [String: String] = [:]
    var items: Int?

    init(_ text: String) throws {
        self.text = text
        var read = (strings: [String: String](), items: Int?.none, key: [UInt8](), item: Item?.none)
        try Array(text.utf8).withUnsafeBytes { bytes in
            var json = JSONReader(bytes)
            try json.beginObject()
            while let name = try json.nextMember() {
                switch name {
                case "key": read.key = try json.readRaw()
                case "item": read.item = try json.readItem()
                case "items": if try !json.readNull() { read.items = Int(try json.readInteger()) }
                default:
                    if try json.peek() == UInt8(ascii: "\"") {
                        read.strings[name.text] = try json.readString()
                    } else {
                        try json.skipValue()
                    }
                }
            }
            try json.readEnd()
        }
        (strings, items, item) = (read.strings, read.items, read.item)
        (event, operation) = (strings["event"], strings["op"])
        id = strings["id"].flatMap(Position.init)
        guard operation != nil else { return }
        key = try read.key.withUnsafeBytes { bytes in
            var json = JSONReader(bytes)
            var batch = ItemBatch()
            try json.readItem(into: &batch, schema: FeedFixture.schema)
            let entry = try #require(batch.entries.first)
            return ItemKey(bytes: Array(batch.arena[entry.key]))
        }
    }
}

/// A follower that keeps a map, and holds each line against what the feed promises.
struct FollowerModel {
    private(set) var map: [ItemKey: Item] = [:]
    private(set) var lines: [FollowerLine] = []
    private(set) var lastStep: StreamStep?
    /// Where a follower resumes.
    private(set) var bookmark: Position?
    private(set) var bookmarks = 0
    /// Whether a step must follow the one before it, or may follow later.
    var needsEveryStep = true
    /// Whether it began with all items, so that it can hold its own against the bookmarks.
    var checksDigest = true
    private var knowsContents = false
    private var isReady = false
    private var lastSeq: UInt64 = 0
    /// Hears of each bookmark.
    var onBookmark: ((Position, [ItemKey: Item]) throws -> Void)?

    /// Calls `produce` until the stream waits or ends, at most `calls` times. Of what comes after `cutAfter` lines nothing is read.
    mutating func read(
        _ stream: ReplicaStream,
        now: Duration = .zero,
        budget: Int = 65_536,
        calls: Int = 10_000,
        cutAfter: Int = .max
    ) throws {
        var left = cutAfter
        for _ in 0..<calls {
            var output: [UInt8] = []
            let step = stream.produce(into: &output, budget: budget, now: now)
            lastStep = step
            let texts = String(decoding: output, as: UTF8.self).split(separator: "\n")
            for text in texts.prefix(left) { try take(FollowerLine(String(text))) }
            left -= texts.count
            if step != .again || left <= 0 { return }
        }
    }

    /// Goes on with another stream.
    mutating func reconnect() { (knowsContents, isReady) = (false, false) }

    private mutating func take(_ line: FollowerLine) throws {
        lines.append(line)
        switch line.event {
        case "contents": knowsContents = true
        case "reset":
            (map, bookmark, lastSeq, knowsContents, isReady) = ([:], nil, 0, false, false)
        case "moved": (knowsContents, lastSeq, isReady) = (false, 0, false)
        case "ready": isReady = true
        case "bookmark": try takeBookmark(line)
        case nil: try takeChange(line)
        default: break
        }
    }

    private mutating func takeChange(_ line: FollowerLine) throws {
        try #require(knowsContents, "a change before its contents: \(line.text)")
        let id = try #require(line.id)
        try #require(id.watermarks == nil)
        try #require(line.strings["at"] != nil && line.strings["cause"] != nil, "\(line.text)")
        try #require(id.seq > lastSeq)
        if isReady, needsEveryStep { try #require(id.seq == lastSeq + 1, "a gap: \(lastSeq) to \(line.text)") }
        lastSeq = id.seq
        let key = try #require(line.key)
        try #require((line.operation == "put") == (line.item != nil))
        map[key] = line.item
    }

    private mutating func takeBookmark(_ line: FollowerLine) throws {
        let position = try #require(line.id)
        try #require(isReady && position.description == line.strings["position"])
        try #require(position.seq >= lastSeq)
        lastSeq = position.seq
        bookmark = position
        bookmarks += 1
        guard checksDigest else { return }
        if let items = line.items { try #require(items == map.count, "\(line.text)") }
        if let digest = line.strings["digest"] { try #require(digest == self.digest().description, "\(line.text)") }
        try onBookmark?(position, map)
    }

    /// The digest of what the follower holds.
    func digest() -> ContentDigest {
        var batch = ItemBatch()
        for (key, item) in map {
            let start = batch.arena.count
            batch.arena += key.bytes
            let middle = batch.arena.count
            batch.arena += item.packed
            batch.entries.append(ItemBatch.Entry(key: start..<middle, item: middle..<batch.arena.count))
        }
        let writer = GenerationWriter(epoch: .random(), keySchema: FeedFixture.schema, limits: StoreLimits())
        _ = writer.applyScanRows(batch, at: 0)
        return writer.snapshot().digest
    }

    /// What each line is: the name of its event, or the operation and the seq.
    var summary: [String] {
        lines.map { $0.event ?? "\($0.operation ?? "") \($0.id?.seq ?? 0) \($0.strings["cause"] ?? "")" }
    }

    mutating func forgetLines() { lines = [] }
}

extension StoreSnapshot {
    /// The live items by key.
    var itemsByKey: [ItemKey: Item] {
        var items: [ItemKey: Item] = [:]
        forEach(from: nil, to: nil) { record in
            items[record.key] = Item(packed: record.withPackedItem { Array($0) })
            return true
        }
        return items
    }
}
