package import DynamoDBClient

/// A shard, or the listing, that one pass could not read.
package struct PassFailure: Sendable, Hashable {
    /// Nil for the listing of the shards.
    package let shardID: String?
    /// Its last failure.
    package let error: DynamoDBError
}
