package import TableModel

/// Which way a range is read.
package enum ReadOrder: Sendable, Hashable { case ascending, descending }

/// An immutable view of one generation at one position. Cheap to take and to keep; reading never waits for the writer.
package struct StoreSnapshot: Sendable {
    let contents: SnapshotContents

    /// The place of a reader that has all of this view.
    package var position: Position { contents.position }
    /// The times of the stream that a process needs to resume this view.
    package var times: StreamTimes {
        let seq = position.seq
        return StreamTimes(birth: progress.birth, low: progress.low(at: seq), high: progress.high(at: seq))
    }
    /// The oldest seq from which every later change (removals included) can still be told. Resume from before it is a reset.
    package var horizon: UInt64 { contents.horizon }
    /// When the newest removal that cannot be told any more was made, in milliseconds since 1970 UTC; nil when none was forgotten
    /// by this process.
    package var horizonAt: Int64? { contents.horizonAt }
    /// The evidence by which this view places readers of other replicas.
    package var progress: StreamProgress { contents.progress }
    /// The newest steps, each with the state before it.
    package var history: ChangeHistory { contents.history }
    /// The table's key schema.
    package var keySchema: KeySchema { contents.keySchema }
    /// Whether the seqs are those of another replica, which these contents are a copy of: its readers may be ahead.
    package var isCopy: Bool { contents.isCopy }

    /// Whether a position of `epoch` at `seq` means the same here: it is of these contents' own epoch, or of one that they had up to there.
    package func continues(_ epoch: Epoch, at seq: UInt64) -> Bool {
        epoch == position.epoch || contents.lineage.covers(epoch, seq)
    }

    /// A position of an epoch that these contents had, as one of their present epoch; every other one as it is.
    package func own(_ position: Position) -> Position {
        guard position.epoch != self.position.epoch, continues(position.epoch, at: position.seq) else {
            return position
        }
        return Position(epoch: self.position.epoch, seq: position.seq, watermarks: position.watermarks)
    }

    /// The digest of the live items.
    package var digest: ContentDigest { contents.digest }
    /// Live items.
    package var itemCount: Int { contents.byKey.count - contents.tombstoneCount - contents.unreadableCount }
    /// Bytes of keys and packed items.
    package var itemBytes: Int { contents.itemBytes }
    /// About how many bytes this view keeps in memory that `newest` does not: what was replaced since, or all of it where `newest` does
    /// not continue it.
    package func bytesKept(beside newest: StoreSnapshot) -> Int {
        guard newest.continues(position.epoch, at: position.seq) else { return itemBytes }
        return newest.contents.replacedBytes - contents.replacedBytes
    }
    /// Removed keys still remembered.
    package var tombstoneCount: Int { contents.tombstoneCount }
    /// Keys under which the table has an item that cannot be read.
    package var unreadableCount: Int { contents.unreadableCount }

    /// The live record of a key; nil when absent, removed, or not readable.
    package func record(for key: ItemKey) -> ItemRecord? {
        newestState(of: key).flatMap { $0.isTombstone ? nil : $0 }
    }

    /// The newest record of a key, its tombstone if it was removed and that is still remembered; nil for a key never seen.
    package func newestState(of key: ItemKey) -> ItemRecord? {
        withExtendedLifetime(contents) {
            let found = key.bytes.withUnsafeBytes { contents.byKey.find(TreeKey(bytes: $0)) }
            return found.map { ItemRecord(storage: $0.takeUnretainedValue()) }
        }
    }

    /// Calls `body` with live records whose key bytes k satisfy `lower <= k < upper` (nil = unbounded), in order, until it
    /// returns false. `after`, when given, is exclusive and beats the bound on its side (a cursor). With `includingTombstones` it gets
    /// the records of removed keys too, so that it can bound how many are visited. O(log n + visited).
    package func forEach(
        from lower: [UInt8]?,
        to upper: [UInt8]?,
        after: [UInt8]? = nil,
        order: ReadOrder = .ascending,
        includingTombstones: Bool = false,
        _ body: (ItemRecord) -> Bool
    ) {
        func visit(_ record: ItemRecord) -> Bool { (record.isTombstone && !includingTombstones) || body(record) }
        withExtendedLifetime(contents) {
            switch order {
            case .ascending: ascend(from: after ?? lower, isExclusive: after != nil, to: upper, visit)
            case .descending: descend(below: after ?? upper, to: lower, visit)
            }
        }
    }

    private func ascend(
        from start: [UInt8]?,
        isExclusive: Bool,
        to upper: [UInt8]?,
        _ body: (ItemRecord) -> Bool
    ) {
        StoreSnapshot.withKey(start) { start in
            StoreSnapshot.withKey(upper) { upper in
                contents.byKey.forEachAscending(from: start, isExclusive: isExclusive) { storage in
                    if let upper, ByteOrder.compare(storage.keyBytes, upper.bytes) >= 0 { return false }
                    return body(ItemRecord(storage: storage))
                }
            }
        }
    }

    private func descend(below start: [UInt8]?, to lower: [UInt8]?, _ body: (ItemRecord) -> Bool) {
        StoreSnapshot.withKey(start) { start in
            StoreSnapshot.withKey(lower) { lower in
                contents.byKey.forEachDescending(below: start) { storage in
                    if let lower, ByteOrder.compare(storage.keyBytes, lower.bytes) < 0 { return false }
                    return body(ItemRecord(storage: storage))
                }
            }
        }
    }

    private static func withKey(_ bytes: [UInt8]?, _ body: (TreeKey?) -> Void) {
        guard let bytes else { return body(nil) }
        bytes.withUnsafeBytes { body(TreeKey(bytes: $0)) }
    }

    /// Calls `body` with each key's newest record (tombstones included) whose seq is greater than `seq`, in seq order, until
    /// it returns false. O(log n + visited).
    package func forEachChange(after seq: UInt64, _ body: (ItemRecord) -> Bool) {
        withExtendedLifetime(contents) {
            contents.bySeq.forEachAscending(from: TreeKey(seq: seq), isExclusive: true) {
                body(ItemRecord(storage: $0))
            }
        }
    }
}

/// The contents of a snapshot, in one allocation, so that handing a snapshot out is one retain.
final class SnapshotContents: Sendable {
    let position: Position
    let horizon: UInt64
    let horizonAt: Int64?
    let keySchema: KeySchema
    let lineage: EpochLineage
    let isCopy: Bool
    let itemBytes: Int
    let digest: ContentDigest
    let replacedBytes: Int
    let tombstoneCount: Int
    let unreadableCount: Int
    let byKey: RecordTree
    let bySeq: RecordTree
    let history: ChangeHistory
    let progress: StreamProgress
    private let stamp: UInt64
    private let reclaimer: Reclaimer

    init(
        position: Position,
        horizon: UInt64,
        horizonAt: Int64?,
        keySchema: KeySchema,
        lineage: EpochLineage,
        isCopy: Bool,
        itemBytes: Int,
        digest: ContentDigest,
        replacedBytes: Int,
        tombstoneCount: Int,
        unreadableCount: Int,
        byKey: RecordTree,
        bySeq: RecordTree,
        history: ChangeHistory,
        progress: StreamProgress,
        stamp: UInt64,
        reclaimer: Reclaimer
    ) {
        self.position = position
        self.horizon = horizon
        self.horizonAt = horizonAt
        self.keySchema = keySchema
        self.lineage = lineage
        self.isCopy = isCopy
        self.itemBytes = itemBytes
        self.digest = digest
        self.replacedBytes = replacedBytes
        self.tombstoneCount = tombstoneCount
        self.unreadableCount = unreadableCount
        self.byKey = byKey
        self.bySeq = bySeq
        self.history = history
        self.progress = progress
        self.stamp = stamp
        self.reclaimer = reclaimer
        reclaimer.begin(stamp: stamp, seq: position.seq)
    }

    deinit { reclaimer.end(stamp: stamp) }
}
