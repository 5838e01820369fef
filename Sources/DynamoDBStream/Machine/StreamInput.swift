package import DynamoDBClient

/// An event that the machine is told of.
package enum StreamInput: Sendable {
    /// Time has passed.
    case tick
    /// Read everything readable once (`fetchStreamState`).
    case beginPass
    case listed(StreamPage)
    case listingFailed(DynamoDBError)
    case childrenListed(of: String, StreamPage)
    case childrenFailed(of: String, DynamoDBError)
    /// The response of GetShardIterator; nil where the service gave no iterator.
    case iterator(shardID: String, String?)
    case iteratorFailed(shardID: String, DynamoDBError)
    case records(shardID: String, RecordsPage)
    case recordsFailed(shardID: String, DynamoDBError)
    case delivered(DeliveryOutcome)
    /// Every call and delivery in progress was abandoned; their responses will not come.
    case interrupted
}
