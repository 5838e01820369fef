/// How far the reading of a shard has come. The raw values are the words of the status and of the metrics.
package enum ShardPhase: String, Sendable, Hashable, CaseIterable {
    /// The shard waits for its parent to be read to its end.
    case blocked
    /// The shard is read, or waits for its next read.
    case reading
    /// The shard has been read to its end.
    case ended
    /// Records of the shard are lost. It stands still until its owner decides.
    case lost
}
