import DynamoDBClient

/// One pass of `fetchStreamState`: every readable shard is read to its head or end, once.
struct ReadPass: Sendable {
    private(set) var isListed = false
    private(set) var failures: [PassFailure] = []
    private var finished: Set<String> = []

    var listingFailed: Bool { failures.contains { $0.shardID == nil } }

    func isFinished(_ shardID: String) -> Bool { finished.contains(shardID) }

    mutating func noteListing() { isListed = true }

    mutating func noteListing(failed error: DynamoDBError) {
        isListed = true
        failures.append(PassFailure(shardID: nil, error: error))
    }

    mutating func finish(_ shardID: String) { finished.insert(shardID) }

    /// Too many calls of the shard failed. `error` is nil where the service gave no iterator.
    mutating func giveUp(_ shardID: String, _ error: DynamoDBError?) {
        finish(shardID)
        if let error { failures.append(PassFailure(shardID: shardID, error: error)) }
    }
}
