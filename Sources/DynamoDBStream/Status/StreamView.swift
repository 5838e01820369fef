package import DynamoDBClient

/// The stream, as a status reader sees it.
package struct StreamView: Sendable {
    /// When it was like this, on the continuous clock, however late the view is read.
    package let asOf: Duration
    /// The shards that are read, and those that should have been, by id.
    package let shards: [ShardView]
    /// The greatest lag of a shard, milliseconds, never negative; nil before the shards are known. Between two reads of a shard that is
    /// at its head it stays 0.
    package let lagMilliseconds: Int64?
    /// How long before `asOf` all of the stream was last known to have been read, in milliseconds: what `lagMilliseconds` would be if the
    /// time between two reads counted. It says how old a saved state is, whose reader comes much later.
    package let unreadMilliseconds: Int64?
    /// All records that bear this time (ApproximateCreationDateTime, milliseconds since 1970 UTC) or an earlier one have been taken by the
    /// consumer; nil while that is unknown. Replicas compare it, so it is in the terms of the clock that stamps the records.
    package let completeStamp: Int64?
    /// How long ago the newest completed read began, of any shard, at `asOf`; nil before the first.
    package let silence: Duration?
    /// Every later write reaches the consumer.
    package let isBookmarked: Bool
    /// Records of a shard are held back until it has reached its head again.
    package let isReplaying: Bool
    /// The status in the newest listing; nil before the first.
    package let status: StreamStatus?
    /// The newest failure of a listing or of a shard that has not succeeded since.
    package let lastError: DynamoDBError?
    /// Records that were lost, until the owner resumes.
    package let gap: StreamGap?
}
