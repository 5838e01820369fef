import DynamoDBClient

/// The failures of one shard's calls since its last page.
struct ShardFaults: Sendable {
    /// Failed calls in a row; the backoff grows with them.
    var count = 0
    /// Since when the service refuses the iterator without calling it expired.
    var refusedSince: Duration?
    /// Iterators that expired.
    var expiries = 0
    /// Responses without an iterator, since the last one with an iterator.
    var missingIterators = 0
    /// Reports of trimmed records that nothing of the shard can be old enough for.
    var falseTrims = 0
    var lastError: DynamoDBError?
}
