package import TableModel

/// Builds and then keeps one generation. Not Sendable: its owner, the replication queue, is the only writer.
package final class GenerationWriter {
    var generation: Generation

    /// Starts an empty generation. Its first change gets the number after `seq`.
    package init(epoch: Epoch, keySchema: KeySchema, limits: StoreLimits, startingAfter seq: UInt64 = 0) {
        generation = Generation(epoch: epoch, keySchema: keySchema, limits: limits, seq: seq)
    }

    /// The life of the contents that this writer makes.
    package var epoch: Epoch { generation.epoch }
    /// The number of the newest change; before the first, the one before its own.
    package var seq: UInt64 { generation.seq }
    /// Tombstones and superseded ones that still wait to be dropped from the queue of tombstones.
    package var queuedTombstones: Int { generation.tombstones.count }

    /// Whether from now on a put from the stream that leaves the item equal only advances the version of its key: it gets no seq, so no reader is
    /// told of it. For replicas that ignore attributes, where such puts are common. Does not hold during a scan.
    package func skipEqualItems(_ skips: Bool = true) { generation.skipsEqualItems = skips }

    /// Applies a stream change as the newest state of its key, with the next seq. A change whose version is not greater
    /// than the version the key already has is a replay: false, and nothing happens. A put that leaves the item equal is
    /// applied (its version counts). A remove of an absent key leaves a tombstone (needed while a scan runs).
    package func apply(_ change: Change) -> Bool {
        change.key.bytes.withUnsafeBytes { generation.apply(change, $0) }
    }

    /// Bytes that an outcome would add to the memory of the store, about; negative where it needs less than the present state of the key.
    package func growth(of key: ItemKey, by outcome: Change.Outcome) -> Int {
        let item = if case .put(let item) = outcome { item.packed.count } else { 0 }
        return key.bytes.withUnsafeBytes { generation.growth(of: $0, itemBytes: item) }
    }

    /// Makes `outcome` the newest state of a key whatever was there, with the cause `repair`, or `unreadable` where
    /// the item cannot be read. The version stays that of the last
    /// stream record: a replay of it is still one, and every later record still applies.
    package func repair(_ key: ItemKey, _ outcome: Change.Outcome, at wallMilliseconds: Int64) {
        key.bytes.withUnsafeBytes { generation.repair($0, key, outcome, at: wallMilliseconds) }
    }

    /// Applies scan rows: a row is taken unless the stream has touched its key (put or tombstone). Returns rows taken.
    package func applyScanRows(_ batch: ItemBatch, at wallMilliseconds: Int64) -> Int {
        batch.arena.withUnsafeBytes { generation.applyScanRows($0, batch.entries, at: wallMilliseconds) }
    }

    /// Applies a scan row whose item cannot be read: its key is kept without one, unless the stream has touched the key. Returns whether
    /// it was taken.
    package func applyUnreadableRow(_ key: ItemKey, at wallMilliseconds: Int64) -> Bool {
        key.bytes.withUnsafeBytes { generation.applyUnreadableRow($0, at: wallMilliseconds) }
    }

    /// See the other `restore`.
    func restore(_ storage: RecordStorage) -> Bool { generation.restore(storage) }

    /// Ends the entering of saved records: the next change gets the seq after `seq`, removals up to `horizon` cannot be told any more,
    /// and `times` is what was known of the stream. False when two records have one seq, or one has a seq above `seq`: then what was saved
    /// is damaged.
    package func endRestoring(seq: UInt64, horizon: UInt64, times: StreamTimes = StreamTimes()) -> Bool {
        generation.endRestoring(seq: seq, horizon: horizon, times: times)
    }

    /// The contents follow this stream. `birth` is a time, in milliseconds since 1970 UTC by the clock that stamps the records: every record
    /// of a later time will be applied. Nil where that is not known; then no reader of another replica can be placed.
    package func follow(_ stream: StreamTag, since birth: Int64?) { generation.follow(stream, since: birth) }

    /// All records that bear `time` or an earlier one, in milliseconds since 1970 UTC, have been applied. The next snapshot says so.
    package func completed(_ time: Int64) { generation.completed(time) }

    /// The contents may hold states as new as `time`, although no record that was applied bears it: an item was read from the table then.
    package func mayHold(_ time: Int64) { generation.mayHold(time) }

    /// Ends the bootstrap: from now on tombstones are pruned by `StoreLimits`, and changes are kept as steps.
    package func endBootstrap() { generation.endBootstrap() }

    /// An immutable view of everything applied so far. O(1); writes after it copy what they change of what it can reach.
    package func snapshot() -> StoreSnapshot { generation.snapshot() }
}
