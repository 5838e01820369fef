package import DynamoDBClient

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
