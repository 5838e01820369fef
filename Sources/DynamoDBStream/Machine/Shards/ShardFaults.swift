import DynamoDBClient

/// The failures of one shard's calls since its last page.
struct ShardFaults: Sendable {
    /// Failed calls in a row; the backoff grows with them.
    private(set) var count = 0
    /// Iterators that expired.
    private(set) var expiries = 0
    /// Responses without an iterator, since the last one with an iterator.
    private(set) var missingIterators = 0
    /// Reports of trimmed records although nothing of the shard can be that old.
    private(set) var falseTrims = 0
    private(set) var lastError: DynamoDBError?
    /// Since when the service refuses the iterator without calling it expired.
    private var refusedSince: Duration?

    /// Counts a call that is retried. `error` is nil where the service gave no iterator.
    mutating func note(_ error: DynamoDBError?) {
        count += 1
        if let error { lastError = error }
    }

    mutating func noteExpiry() { expiries += 1 }

    mutating func noteFalseTrim() { falseTrims += 1 }

    mutating func noteMissingIterator() { missingIterators += 1 }

    /// The service gave an iterator, or the owner accepted a loss.
    mutating func forgetMissingIterators() { missingIterators = 0 }

    /// The backoff begins again.
    mutating func forgetCount() { count = 0 }

    /// Whether the service has refused the iterator for as long as `patience`; another one is then derived from the position.
    mutating func isRefused(at moment: Duration, patience: Duration) -> Bool {
        let since = refusedSince ?? moment
        let isRefused = moment - since >= patience
        refusedSince = isRefused ? nil : since
        return isRefused
    }
}
