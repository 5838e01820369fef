/// A call of one shard that has had no response yet.
struct ShardCall: Sendable, Hashable {
    let number: UInt64
    let startedAt: StreamTime
    var lane: CallLane
}
