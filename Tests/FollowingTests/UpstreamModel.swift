import Basics
import ReplicaStore
import TableModel

@testable import Following

/// An upstream as lines of its feed: a writer with the real digest, and the texts that the protocol says.
final class UpstreamModel {
    static let schema = KeySchema(partition: KeyAttribute(name: "id", type: .string))
    static let stream = "aaaaaab"

    let writer: GenerationWriter
    private(set) var epoch: Epoch
    private var version = 100

    init(_ epoch: String = "leaderaa", startingAfter seq: UInt64 = 0) {
        self.epoch = Self.epoch(epoch)
        writer = GenerationWriter(
            epoch: self.epoch,
            keySchema: Self.schema,
            limits: StoreLimits(),
            startingAfter: seq
        )
        if let tag = StreamTag(Self.stream) { writer.follow(tag, since: 1_000_000) }
        writer.endBootstrap()
    }

    static func epoch(_ text: String) -> Epoch {
        guard let epoch = Epoch(text) else { preconditionFailure("not an epoch: \(text)") }
        return epoch
    }

    // MARK: Writing

    /// Puts an item and returns the line that tells it.
    func put(_ id: String, _ value: Int, version: Int? = nil) -> String {
        let item = Self.item(id, value)
        apply(id, .put(item), version)
        return line(id, item: #"{"id":{"S":"\#(id)"},"n":{"N":"\#(value)"}}"#)
    }

    func remove(_ id: String) -> String {
        apply(id, .remove, nil)
        return line(id, item: nil)
    }

    private func apply(_ id: String, _ outcome: Change.Outcome, _ asked: Int?) {
        version += 1
        let number = asked ?? version
        let key = Self.key(id)
        let change = Change(
            key: key,
            outcome: outcome,
            version: SequenceNumber("\(number)"),
            at: 2_000_000 + Int64(number),
            cause: .stream
        )
        precondition(writer.apply(change), "the model's own changes are newer ones")
        versions[id] = number
    }

    private var versions: [String: Int] = [:]

    private func line(_ id: String, item: String?) -> String {
        let number = versions[id] ?? 0
        let at = Timestamp.text(2_000_000 + Int64(number))
        let origin = #""id":"\#(epoch).\#(writer.seq)","version":"\#(number)","at":"\#(at)","cause":"stream"}"#
        let key = #""key":{"id":{"S":"\#(id)"}}"#
        if let item { return #"{"op":"put",\#(key),"item":\#(item),\#(origin)"# }
        return #"{"op":"remove",\#(key),\#(origin)"#
    }

    static func item(_ id: String, _ value: Int) -> Item {
        let text = #"{"id":{"S":"\#(id)"},"n":{"N":"\#(value)"}}"#
        guard let item = try? JSONReader.read(Array(text.utf8), { json throws(JSONError) in try json.readItem() })
        else {
            preconditionFailure("the model's items are items")
        }
        return item
    }

    static func key(_ id: String) -> ItemKey {
        guard let key = try? ItemKey(partition: .string(id), schema: schema) else {
            preconditionFailure("the model's keys are keys")
        }
        return key
    }

    // MARK: Lines

    static func source(_ chain: [String] = ["upstream"], version: Int = 1) -> String {
        let ids = chain.map { "\"\($0)\"" }.joined(separator: ",")
        return #"{"event":"source","protocol":\#(version),"chain":[\#(ids)]}"#
    }

    func contents(table: String = "orders", isPartial: Bool = false) -> String {
        #"{"event":"contents","epoch":"\#(epoch)","table":"\#(table)","key":{"partition":{"name":"id","type":"S"}},"#
            + #""stream_arn":"arn:x","stream":"\#(Self.stream)","ignored_attributes":"","birth":1000000,"horizon":"0","#
            + #""partial":\#(isPartial)}"#
    }

    /// A bookmark of what has been written. `items` and `digest` take the place of the true ones.
    func bookmark(
        _ event: String = "bookmark",
        state: String = "live",
        lag: Int = 3,
        items: Int? = nil,
        digest: String? = nil,
        horizon: UInt64 = 0,
        low: Int64? = nil
    ) -> String {
        if let low { writer.completed(low) }
        let snapshot = writer.snapshot()
        return
            #"{"event":"\#(event)","id":"\#(snapshot.position)","position":"\#(snapshot.position)","lag_ms":\#(lag),"#
            + #""items":\#(items ?? snapshot.itemCount),"state":"\#(state)","reason":"because","#
            + #""digest":"\#(digest ?? snapshot.digest.description)","horizon":"\#(horizon)"}"#
    }

    /// The lines of a whole load: everything as it is now.
    func load() -> [String] {
        writer.completed(2_000_000)
        var lines = [Self.source(), #"{"event":"hello","position":"\#(epoch).0","time":"x"}"#, contents()]
        writer.snapshot().forEachChange(after: 0) { record in
            lines.append(Self.line(of: record, epoch))
            return true
        }
        return lines + [bookmark("ready")]
    }

    /// The line of a record of the model's kind.
    static func line(of record: ItemRecord, _ epoch: Epoch) -> String {
        guard let attributes = try? record.key.attributes(schema: schema),
            case .string(let id) = attributes[AttributeName("id")]
        else { preconditionFailure("the model's keys are strings") }
        let origin =
            #""id":"\#(epoch).\#(record.seq)","version":"\#(record.version ?? "0")","at":"\#(Timestamp.text(record.at))","cause":"stream"}"#
        let key = #""key":{"id":{"S":"\#(id)"}}"#
        guard !record.isTombstone else { return #"{"op":"remove",\#(key),\#(origin)"# }
        var item: [UInt8] = []
        record.withPackedItem { PackedItem.appendDynamoDBJSON($0, to: &item) }
        return #"{"op":"put",\#(key),"item":\#(String(decoding: item, as: UTF8.self)),\#(origin)"#
    }
}
