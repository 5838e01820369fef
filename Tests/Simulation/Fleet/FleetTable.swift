import ReplicaStore
import TableModel

/// A table and its stream: every write with its number, which the item carries.
final class FleetTable {
    struct Write {
        let key: Int
        /// Nil for a removal.
        let value: Int?
        let at: Int64
        /// The write of the same key before; -1 for none.
        let previous: Int
        let change: Change
    }

    static let schema = KeySchema(partition: KeyAttribute(name: "id", type: .string))
    static let tag = StreamTag(hash: 0x1234_5678_9ABC)
    static let birth: Int64 = 1_700_000_000_000

    let traits: FleetTraits
    let keys: [ItemKey]
    /// Milliseconds since 1970 UTC, by the clock that stamps the records.
    var now = FleetTable.birth
    private(set) var writes: [Write] = []
    /// The newest write of each key; -1 for none.
    private(set) var latest: [Int]
    /// The writes of each shard, in order.
    private(set) var records: [[Int]]

    init(_ traits: FleetTraits) {
        self.traits = traits
        keys = (0..<traits.keys).map { key in
            guard let key = try? ItemKey(partition: .string("k\(key)"), schema: Self.schema) else {
                preconditionFailure("a short string is a key")
            }
            return key
        }
        latest = Array(repeating: -1, count: traits.keys)
        records = Array(repeating: [], count: traits.shards)
    }

    /// Puts an item with `value`, or removes it. Removing what is not there gives no record, as in DynamoDB.
    func write(_ key: Int, _ value: Int?) {
        let previous = latest[key]
        guard value != nil || (previous >= 0 && writes[previous].value != nil) else { return }
        let number = writes.count
        let change = Change(
            key: keys[key],
            outcome: value.map { .put(item(key, number, $0)) } ?? .remove,
            version: SequenceNumber(String(Self.firstVersion + number)),
            at: now / 1_000 * 1_000,
            cause: .stream
        )
        writes.append(Write(key: key, value: value, at: now, previous: previous, change: change))
        latest[key] = number
        records[key % traits.shards].append(number)
    }

    private static let firstVersion = 1_000_000_000_000_000_000

    /// The write whose record has this sequence number.
    static func write(ofVersion text: String) -> Int? { Int(text).map { $0 - firstVersion } }

    private func item(_ key: Int, _ number: Int, _ value: Int) -> Item {
        Item(["id": .string("k\(key)"), "w": .number(String(number)), "v": .number(String(value))])
    }

    /// The state that the newest write left, or none before the first.
    func outcome(_ key: Int) -> Change.Outcome { latest[key] < 0 ? .remove : writes[latest[key]].change.outcome }

    /// The time that a write's record bears.
    func stamp(_ write: Int) -> Int64 { writes[write].change.at }

    /// A row of the scan as the key is now; nil where there is no item.
    func row(_ key: Int) -> ItemBatch? {
        guard case .put(let item) = outcome(key) else { return nil }
        var batch = ItemBatch()
        batch.arena = keys[key].bytes
        let middle = batch.arena.count
        batch.arena += item.packed
        batch.entries = [ItemBatch.Entry(key: 0..<middle, item: middle..<batch.arena.count)]
        return batch
    }
}
