import Basics
import TableModel

/// One stream of a table: its shards, from the first to the ones still open.
struct TableStream: Sendable {
    enum Status: String, Sendable {
        case enabling = "ENABLING"
        case enabled = "ENABLED"
        case disabling = "DISABLING"
        case disabled = "DISABLED"
    }

    let arn: String
    let label: String
    let tableName: String
    let schema: KeySchema
    let viewType: SandboxViewType
    /// Milliseconds since 1970 UTC.
    let createdAt: Int64
    var status: Status
    /// In the order in which they were opened, which is also the order of their ids.
    private(set) var shards: [ShardLog] = []

    init(arn: String, label: String, table: Table, viewType: SandboxViewType, createdAt: Int64, status: Status) {
        self.arn = arn
        self.label = label
        self.tableName = table.name
        self.schema = table.schema
        self.viewType = viewType
        self.createdAt = createdAt
        self.status = status
    }

    func shard(_ id: String) -> ShardLog? {
        shards.first { $0.id == id }
    }

    /// The open shard that takes changes of partitions with this hash.
    func openShard(for hash: UInt64) -> Int? {
        shards.lastIndex { $0.isOpen && $0.range.contains(hash) }
    }

    /// Appends to a shard; beyond `limit` records its oldest ones go.
    mutating func append(_ record: LoggedRecord, toShard index: Int, limit: Int) {
        shards[index].append(record)
        shards[index].trim(to: limit)
    }

    /// Opens a shard. Its id carries its creation time, as the real ones do, and sorts after every id before it.
    mutating func openShard(
        parent: String?,
        range: ClosedRange<UInt64>,
        _ numbers: inout SequenceNumbers,
        now: Int64
    ) -> String {
        let newest = shards.last.flatMap { Int64($0.id.dropFirst(8).prefix(20)) } ?? 0
        let time = String(max(now, newest + 1))
        let tag = Hex.text(OrderKey.hash(partition: Array("\(arn)\(shards.count)".utf8)) >> 32, width: 8)
        let id =
            "shardId-" + String(repeating: "0", count: 20 - time.count) + time + "-" + tag
        shards.append(
            ShardLog(id: id, parentID: parent, range: range, startingSequenceNumber: numbers.next(), openedAt: now)
        )
        return id
    }

    /// Opens `count` root shards of equal parts.
    mutating func openRoots(_ count: Int, _ numbers: inout SequenceNumbers, now: Int64) {
        let width = UInt64.max / UInt64(max(1, count))
        for index in 0..<max(1, count) {
            let lower = UInt64(index) * width
            let upper = index == count - 1 || count <= 1 ? UInt64.max : lower + width - 1
            _ = openShard(parent: nil, range: lower...upper, &numbers, now: now)
        }
    }

    /// Closes a shard; nothing more is written to it.
    mutating func close(_ id: String, _ numbers: inout SequenceNumbers, now: Int64) {
        guard let index = shards.firstIndex(where: { $0.id == id && $0.isOpen }) else { return }
        shards[index].close(endingSequenceNumber: numbers.next(), at: now)
    }

    mutating func closeAll(_ numbers: inout SequenceNumbers, now: Int64) {
        for shard in shards where shard.isOpen { close(shard.id, &numbers, now: now) }
    }

    /// Takes away what is older than `horizon` (milliseconds since 1970), closed shards included once they are.
    mutating func trim(before horizon: Int64) {
        for index in shards.indices { shards[index].trim { $0.createdAt < horizon } }
        shards.removeAll { shard in shard.records.isEmpty && (shard.closedAt.map { $0 < horizon } ?? false) }
    }

    mutating func trim(shard id: String, through sequenceNumber: UInt128) {
        guard let index = shards.firstIndex(where: { $0.id == id }) else { return }
        shards[index].trim { $0.sequenceNumber <= sequenceNumber }
    }

    /// Makes a shard vanish, read or not.
    mutating func remove(shard id: String) {
        shards.removeAll { $0.id == id }
    }

    mutating func completeTransition() {
        switch status {
        case .enabling: status = .enabled
        case .disabling: status = .disabled
        case .enabled, .disabled: break
        }
    }
}
