package import DynamoDBClient

/// The stream, as a status reader sees it.
package struct StreamView: Sendable {
    /// When it was like this, on the continuous clock, however late the view is read.
    package let asOf: Duration
    package let shards: [ShardView]
    /// The greatest lag of a shard, milliseconds, never negative; nil before the shards are known.
    package let lagMilliseconds: Int64?
    /// How long ago the newest completed read began, of any shard, at `asOf`; nil before the first.
    package let silence: Duration?
    package let isBookmarked: Bool
    package let isReplaying: Bool
    package let status: StreamStatus?
    /// The newest failure of a listing or of a shard that has not succeeded since.
    package let lastError: DynamoDBError?
    package let gap: StreamGap?
}
