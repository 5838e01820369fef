package import DynamoDBClient

/// News for the owner of a poller, beside the records.
package enum StreamNotice: Sendable {
    /// From now on every write reaches the consumer, or was written before.
    case bookmarked
    case gap(StreamGap)
    /// A listing (nil) or a shard's call failed and is retried.
    case trouble(shardID: String?, DynamoDBError)
}
