/// The bound that a shard's call counts against, and so the queue in which the shard waits for its turn.
enum CallLane: CaseIterable, Sendable, Hashable {
    /// GetRecords of a shard whose last read had its response in time.
    case read
    /// GetShardIterator of such a shard.
    case iterator
    /// Either call of a shard that was silent last time, and every call that has had no response for `StreamLimits.silentAfter`.
    case silent
}
