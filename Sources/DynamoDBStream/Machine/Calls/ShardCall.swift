/// A call of one shard that has had no response yet.
struct ShardCall: Sendable, Hashable {
    let number: UInt64
    let startedAt: Duration
    var lane: CallLane
}
