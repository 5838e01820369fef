import HTTPServer
import ItemQuery
import ReplicaStore
import Synchronization
import TableModel
import TestTools
import Testing

@testable import Feed

/// A store with a hand-driven writer, and a hub over it.
final class FeedFixture {
    static let schema = KeySchema(partition: KeyAttribute(name: "id", type: .string))

    let store = ReplicaStore()
    let hub: FeedHub
    private(set) var writer: GenerationWriter
    private var version: UInt64 = 1_000_000_000_000_000_000
    private let limits: StoreLimits

    init(
        feedLimits: FeedLimits = FeedLimits(),
        maximumTombstones: Int = 100_000,
        historyBytes: Int = 1 << 20,
        epoch: String = "aaaaaaaa",
        source: @escaping @Sendable () -> ReplicaSource = { ReplicaSource(chain: ["me"], state: "live") }
    ) {
        var limits = StoreLimits()
        limits.maximumTombstones = maximumTombstones
        limits.historyBytes = historyBytes
        self.limits = limits
        writer = GenerationWriter(epoch: Self.epoch(epoch), keySchema: Self.schema, limits: limits)
        hub = FeedHub(
            store: store,
            limits: feedLimits,
            wallMilliseconds: { 1_700_000_000_123 },
            source: source,
            conditions: { FeedConditions(lagMilliseconds: 7, reason: "scanning") }
        )
    }

    static func epoch(_ text: String) -> Epoch {
        guard let epoch = Epoch(text) else { preconditionFailure("not an epoch: \(text)") }
        return epoch
    }

    /// Starts a new generation, as a rebuild does; nothing is published yet.
    func rebuild(epoch: String) {
        writer = GenerationWriter(epoch: Self.epoch(epoch), keySchema: Self.schema, limits: limits)
    }

    func publish() { store.publish(writer.snapshot()) }

    func scan(_ ids: [String], value: Int) throws {
        var batch = ItemBatch()
        for id in ids {
            let key = try ItemKey(partition: .string(id), schema: Self.schema).bytes
            let item = Self.item(id, value).packed
            let start = batch.arena.count
            batch.arena += key
            batch.arena += item
            let middle = start + key.count
            batch.entries.append(ItemBatch.Entry(key: start..<middle, item: middle..<batch.arena.count))
        }
        _ = writer.applyScanRows(batch, at: 5)
    }

    func put(_ id: String, _ value: Int) throws { try apply(id, .put(Self.item(id, value))) }
    func put(_ id: String, _ item: Item) throws { try apply(id, .put(item)) }
    func remove(_ id: String) throws { try apply(id, .remove) }
    /// The table's item cannot be read any more.
    func spoil(_ id: String) throws { try apply(id, .unreadable) }

    private func apply(_ id: String, _ outcome: Change.Outcome) throws {
        version += 1
        let key = try ItemKey(partition: .string(id), schema: Self.schema)
        let change = Change(
            key: key,
            outcome: outcome,
            version: SequenceNumber(String(version)),
            at: 1_700_000_000_000,
            cause: outcome == .unreadable ? .unreadable : .stream
        )
        _ = writer.apply(change)
    }

    static func item(_ id: String, _ value: Int) -> Item { Item(["id": .string(id), "v": .number(String(value))]) }

    /// A follower's feed.
    func follow(_ start: FeedStart = .zero, isPartial: Bool = false, filter: FeedFilter? = nil) throws -> ReplicaStream
    {
        let request = FeedRequest.make { request in
            request.mode = .replica
            request.encoding = .lines
            request.representation = ItemRepresentation(format: .dynamodb)
            request.start = start
            request.filter = filter
        }
        let permit = try #require(hub.admitFollower(address: 1))
        return ReplicaStream(hub: hub, request: request, permit: permit, isPartial: isPartial)
    }

    func stream(_ request: FeedRequest = FeedRequest(), address: UInt64 = 1) -> FeedStream {
        FeedStream(hub: hub, request: request, permit: hub.admit(address: address))
    }

    /// What the table holds now, by id.
    func contents() -> [String: Int] { writer.snapshot().valuesByID }
}

/// A client that keeps a map from what it receives.
struct MapClient {
    private(set) var map: [String: Int] = [:]
    private(set) var lastID: String?
    private(set) var isReady = false
    private(set) var events: [ReceivedEvent] = []
    private(set) var lastStep: StreamStep?
    /// Removals of keys that the client did not hold.
    private(set) var needlessRemovals = 0
    /// Hears of each `ready` and `bookmark`.
    var onMark: ((Position, [String: Int]) throws -> Void)?

    /// The seqs of the data events since the last `ready`.
    private(set) var seqsSinceReady: [UInt64] = []

    /// Calls `produce` until the stream waits or ends, at most `calls` times.
    mutating func read(
        _ stream: FeedStream,
        now: Duration = .zero,
        budget: Int = 65_536,
        calls: Int = 1000,
        cutAfter: Int = .max
    ) throws {
        var left = cutAfter
        for _ in 0..<calls {
            var output: [UInt8] = []
            let step = stream.produce(into: &output, budget: budget, now: now)
            lastStep = step
            let events = ReceivedEvent.parse(String(decoding: output, as: UTF8.self))
            for event in events.prefix(left) { try take(event) }
            left -= events.count
            if step != .again || left <= 0 { return }
        }
    }

    private mutating func take(_ event: ReceivedEvent) throws {
        events.append(event)
        if let id = event.id {
            let new = try #require(Position(id))
            if let lastID, let old = Position(lastID), old.epoch == new.epoch, event.name == "message" {
                try #require(new.seq > old.seq, "ids must grow: \(id) after \(lastID)")
            }
            lastID = id
        }
        switch event.name {
        case "reset":
            map = [:]
            lastID = nil
            isReady = false
            seqsSinceReady = []
        case "ready", "bookmark":
            isReady = true
            if event.name == "ready" { seqsSinceReady = [] }
            try onMark?(try #require(event.id.flatMap(Position.init)), map)
        case "message": try apply(event)
        default: break
        }
    }

    private mutating func apply(_ event: ReceivedEvent) throws {
        var operation = ""
        var id = ""
        var value: Int?
        var envelopeID = ""
        try Array(event.data.utf8).withUnsafeBytes { bytes in
            var json = JSONReader(bytes)
            try json.beginObject()
            while let name = try json.nextMember() {
                switch name {
                case "old": try json.skipValue()
                case "op": operation = try json.readString()
                case "id": envelopeID = try json.readString()
                case "key":
                    try json.beginObject()
                    while try json.nextMember() != nil { id = try json.readString() }
                case "item":
                    try json.beginObject()
                    while let name = try json.nextMember() {
                        if name == "v" { value = Int(try json.readInteger()) } else { try json.skipValue() }
                    }
                default: try json.skipValue()
                }
            }
            try json.readEnd()
        }
        try #require(envelopeID == event.id)
        seqsSinceReady.append(try #require(Position(envelopeID)).seq)
        if operation == "remove", map[id] == nil { needlessRemovals += 1 }
        try #require((operation == "put") == (value != nil))
        map[id] = value
    }

    func names() -> [String] { events.map(\.name) }
}

extension FeedRequest {
    /// A request with some of its parts set.
    static func make(_ change: (inout FeedRequest) -> Void) -> FeedRequest {
        var request = FeedRequest()
        change(&request)
        return request
    }
}
