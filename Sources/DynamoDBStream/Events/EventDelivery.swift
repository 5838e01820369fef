/// Turns deliveries into single events for a consumer that may throw at any of them.
struct EventDelivery: Sendable {
    let consume: DynamoDBStream.Consumer
    let beforeEvents: (@Sendable (Int) async throws -> Void)?

    /// Delivers event by event and stops at the first that is refused.
    @Sendable func deliver(_ delivery: StreamDelivery) async -> DeliveryOutcome {
        var items = 0
        var records = 0
        do {
            try await beforeEvents?(count(delivery))
            for item in delivery.items {
                records = 0
                switch item {
                case .added(let shards): try await offer(.newShards(shards))
                case .replayed: break
                case .ended(let shardID): try await offer(.removeShards([shardID]))
                case .records(let shardID, let batch):
                    for record in batch {
                        try await offer(StreamEvent(record, shardID: shardID))
                        records += 1
                    }
                }
                items += 1
            }
            return .taken
        } catch {
            return .stopped(items: items, records: records, cause: error)
        }
    }

    private func offer(_ event: StreamEvent) async throws {
        try Task.checkCancellation()
        try await consume(event)
    }

    private func count(_ delivery: StreamDelivery) -> Int {
        delivery.items.reduce(0) { sum, item in
            switch item {
            case .records(_, let records): sum + records.count
            case .added, .ended: sum + 1
            case .replayed: sum
            }
        }
    }
}
