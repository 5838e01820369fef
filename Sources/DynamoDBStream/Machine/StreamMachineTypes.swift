package import DynamoDBClient

/// Where a consumer without a saved state begins.
package enum StreamStart: Sendable, Hashable {
    /// At the bookmark: only what is written from now on.
    case latest
    /// With the oldest record that the stream still has.
    case trimHorizon
    /// After what an earlier consumer has taken.
    case state(ShardState)
}

/// What happened, told to the machine.
package enum StreamInput: Sendable {
    /// Time went on.
    case tick
    /// Read everything readable once (`fetchStreamState`).
    case beginPass
    case listed(StreamPage)
    case listingFailed(DynamoDBError)
    case childrenListed(of: String, StreamPage)
    case childrenFailed(of: String, DynamoDBError)
    /// GetShardIterator's answer; nil where the service gave none.
    case iterator(shardID: String, String?)
    case iteratorFailed(shardID: String, DynamoDBError)
    case records(shardID: String, RecordsPage)
    case recordsFailed(shardID: String, DynamoDBError)
    case delivered(DeliveryOutcome)
    /// Every call and delivery under way was abandoned; their answers will not come.
    case interrupted
}

/// An action that the machine asks its owner for. Each call gets one input as its response, also when it is abandoned.
package enum StreamAction: Sendable {
    case describe(exclusiveStart: String?)
    case describeChildren(of: String)
    case getIterator(shardID: String, start: IteratorStart)
    case getRecords(shardID: String, iterator: String)
    /// Cancel the shard's call that is in flight, so that it fails as `cancelled`.
    case abandon(shardID: String)
    /// One at a time: the next one waits for `delivered`.
    case deliver(StreamDelivery)
    /// From now on every write reaches the consumer, or was written before.
    case bookmarked
    case gap(StreamGap)
    /// A listing or a shard's call failed and is retried.
    case trouble(shardID: String?, DynamoDBError)
    /// The pass that `beginPass` began is over, with what failed in it.
    case passEnded([PassFailure])
}

/// What one pass could not read.
package struct PassFailure: Sendable, Hashable {
    /// Nil for the listing of the shards.
    package let shardID: String?
    package let error: DynamoDBError
}
