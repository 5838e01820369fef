package import TableModel

/// Builds and then keeps one generation. Not Sendable: its owner, the replication queue, is the only writer.
///
/// Each live key or tombstone has exactly one record, which is in a tree by key and in a tree by seq.
package final class GenerationWriter {
    /// The life of the contents that this writer makes.
    package let epoch: Epoch
    /// The number of the newest change; 0 before the first.
    package private(set) var seq: UInt64 = 0

    private let keySchema: KeySchema
    private let limits: StoreLimits
    private var byKey: RecordTree
    private var bySeq: RecordTree
    private var tombstones = TombstoneQueue()
    private var tombstoneCount = 0
    private var itemBytes = 0
    private var horizon: UInt64 = 0
    private var isBootstrapping = true

    /// Starts an empty generation.
    package init(epoch: Epoch, keySchema: KeySchema, limits: StoreLimits) {
        self.epoch = epoch
        self.keySchema = keySchema
        self.limits = limits
        byKey = RecordTree(order: .key, capacity: limits.nodeCapacity)
        bySeq = RecordTree(order: .seq, capacity: limits.nodeCapacity)
    }

    /// Applies a stream change as the newest state of its key, with the next seq. A change whose version is not greater
    /// than the version the key already has is a replay: false, and nothing happens. A put that leaves the item equal is
    /// applied (its version counts). A remove of an absent key leaves a tombstone (needed while a scan runs).
    package func apply(_ change: Change) -> Bool {
        change.key.bytes.withUnsafeBytes { key in
            if let version = change.version, let known = byKey.find(TreeKey(bytes: key)), known.has(atLeast: version) {
                return false
            }
            switch change.outcome {
            case .put(let item): item.packed.withUnsafeBytes { enter(change, key, $0) }
            case .remove: enter(change, key, nil)
            }
            pruneTombstones()
            return true
        }
    }

    private func enter(_ change: Change, _ key: UnsafeRawBufferPointer, _ item: UnsafeRawBufferPointer?) {
        let record = RecordStorage.make(
            seq: seq + 1,
            at: change.at,
            cause: change.cause,
            version: change.version,
            key: key,
            item: item
        )
        _ = enter(record) { _ in false }
    }

    /// Applies scan rows: a row is taken unless the stream has touched its key (put or tombstone). Returns rows taken.
    package func applyScanRows(_ batch: ItemBatch, at wallMilliseconds: Int64) -> Int {
        batch.arena.withUnsafeBytes { arena in
            var taken = 0
            for entry in batch.entries {
                let record = RecordStorage.make(
                    seq: seq + 1,
                    at: wallMilliseconds,
                    cause: .snapshot,
                    version: nil,
                    key: UnsafeRawBufferPointer(rebasing: arena[entry.key]),
                    item: UnsafeRawBufferPointer(rebasing: arena[entry.item])
                )
                if enter(record, keeping: { ItemRecord(storage: $0).beatsScanRows }) { taken += 1 }
            }
            return taken
        }
    }

    /// Enters a record, which bears the next seq, into both trees; false when the record that is there is kept.
    private func enter(_ record: RecordStorage, keeping: (RecordStorage) -> Bool) -> Bool {
        switch byKey.insert(record, keeping: keeping) {
        case .kept: return false
        case .inserted: break
        case .replaced(let old):
            _ = bySeq.remove(TreeKey(seq: old.header.seq))
            count(old, -1)
        }
        _ = bySeq.insert(record)
        seq += 1
        count(record, 1)
        return true
    }

    /// Takes a record into the counts, or out of them.
    private func count(_ storage: RecordStorage, _ sign: Int) {
        let record = ItemRecord(storage: storage)
        if !record.isTombstone {
            itemBytes += sign * record.byteCount
        } else {
            tombstoneCount += sign
            if sign > 0 { tombstones.append(record.seq) }
        }
    }

    /// Tombstones and superseded ones that still wait to be dropped from the queue of tombstones.
    package var queuedTombstones: Int { tombstones.count }

    /// Ends the bootstrap: from now on tombstones are pruned by `StoreLimits`.
    package func endBootstrap() {
        isBootstrapping = false
        pruneTombstones()
    }

    /// Forgets the oldest tombstones beyond the limit, and raises the horizon to the newest of those.
    private func pruneTombstones() {
        tombstones.compact(live: tombstoneCount) { isTombstone($0) != nil }
        guard !isBootstrapping else { return }
        while tombstoneCount > limits.maximumTombstones, let oldest = tombstones.popFirst() {
            guard let record = isTombstone(oldest) else { continue }
            _ = byKey.remove(TreeKey(bytes: record.keyBytes))
            _ = bySeq.remove(TreeKey(seq: oldest))
            tombstoneCount -= 1
            horizon = oldest
        }
    }

    /// The record of `seq` when it still is the state of its key and a tombstone.
    private func isTombstone(_ seq: UInt64) -> RecordStorage? {
        guard let record = bySeq.find(TreeKey(seq: seq)), ItemRecord(storage: record).isTombstone else { return nil }
        return record
    }

    /// An immutable view of everything applied so far.
    package func snapshot() -> StoreSnapshot {
        StoreSnapshot(
            contents: SnapshotContents(
                position: Position(epoch: epoch, seq: seq),
                horizon: horizon,
                keySchema: keySchema,
                itemBytes: itemBytes,
                tombstoneCount: tombstoneCount,
                byKey: byKey,
                bySeq: bySeq
            )
        )
    }
}
