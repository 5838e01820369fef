package import DynamoDBClient

/// Something the consumer is told, in order: a parent's items always precede its child's.
package enum DeliveryItem: Sendable, Hashable {
    /// Shards that will be read from now on.
    case added([Shard])
    /// Records of one shard, in the shard's order, never empty.
    case records(shardID: String, [StreamRecord])
    /// A shard that was opened again at its oldest record has reached its head: what was replayed precedes this, all in one
    /// delivery.
    case replayed(shardID: String)
    /// A shard that has been taken to its end.
    case ended(shardID: String)
}

/// The items that the consumer gets in one call. If a shard was replayed, a key may pass through old states within one delivery, so
/// the consumer must publish only after its last item.
package struct StreamDelivery: Sendable, Hashable {
    package let items: [DeliveryItem]

    package init(items: [DeliveryItem]) { self.items = items }
}

/// How much of a delivery the consumer has taken. Only that advances positions; the rest is delivered again.
package enum DeliveryOutcome: Sendable {
    case taken
    /// `items` whole items, then `records` records of the next one; `cause` is why no more.
    case stopped(items: Int, records: Int, cause: any Error)
}
