package import TableModel

/// Builds and then keeps one generation. Not Sendable: its owner, the replication queue, is the only writer.
package final class GenerationWriter {
    package init(epoch: Epoch, keySchema: KeySchema, limits: StoreLimits) { fatalError("contract") }

    package var epoch: Epoch { fatalError("contract") }
    package var seq: UInt64 { fatalError("contract") }

    /// Applies a stream change as the newest state of its key, with the next seq. A change whose version is not greater
    /// than the version the key already has is a replay: false, and nothing happens. A put that leaves the item equal is
    /// applied (its version counts). A remove of an absent key leaves a tombstone (needed while a scan runs).
    package func apply(_ change: Change) -> Bool { fatalError("contract") }

    /// Applies scan rows: a row is taken unless the stream has touched its key (put or tombstone). Returns rows taken.
    package func applyScanRows(_ batch: ItemBatch, at wallMilliseconds: Int64) -> Int { fatalError("contract") }

    /// Ends the bootstrap: from now on tombstones are pruned by `StoreLimits`.
    package func endBootstrap() { fatalError("contract") }

    /// An immutable view of everything applied so far.
    package func snapshot() -> StoreSnapshot { fatalError("contract") }
}
