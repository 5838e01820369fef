package import DynamoDBClient

/// One shard, as a status reader sees it.
package struct ShardView: Sendable, Hashable {
    /// The shard.
    package let id: String
    /// Its parent, if it has one.
    package let parentID: String?
    /// How far its reading has come.
    package let phase: ShardPhase
    /// The records that the consumer has taken.
    package let position: ShardPosition
    /// The time by which it is behind, never negative; nil while it has nothing to do with lag.
    package let lagMilliseconds: Int64?
    /// The newest failure of its calls; nil once one has succeeded since.
    package let lastError: DynamoDBError?
}
