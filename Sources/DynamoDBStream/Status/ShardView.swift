package import DynamoDBClient

/// One shard, as a status reader sees it.
package struct ShardView: Sendable, Hashable {
    package let id: String
    package let parentID: String?
    package let phase: ShardPhase
    package let position: ShardPosition
    package let lagMilliseconds: Int64?
    package let lastError: DynamoDBError?
}
