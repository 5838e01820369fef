package import AWSClient

/// Something the consumer is told, in order: a parent's items always precede its child's.
package enum DeliveryItem: Sendable, Hashable {
    /// Shards that will be read from now on.
    case added([Shard])
    /// Records of one shard, in the shard's order, never empty.
    case records(shardID: String, [StreamRecord])
    /// A shard that was opened again at its oldest record has reached its head: what was replayed is complete.
    case replayed(shardID: String)
    /// A shard that has been taken to its end.
    case ended(shardID: String)
}

/// What the consumer gets at once.
package struct StreamDelivery: Sendable, Hashable {
    package let items: [DeliveryItem]
    /// While true, records from before the bookmark may be among the items: a reader must not see the state in between.
    package let isReplaying: Bool

    package init(items: [DeliveryItem], isReplaying: Bool) {
        self.items = items
        self.isReplaying = isReplaying
    }
}

/// What the consumer has taken of a delivery. Only what it has taken advances positions; the rest is delivered again.
package enum DeliveryOutcome: Sendable {
    case taken
    /// `items` whole items, then `records` records of the next one; `cause` is why no more.
    case stopped(items: Int, records: Int, cause: any Error)
}
