import DynamoDBClient
import DynamoDBStream
import TableModel

/// The words in which a life is told when a seed is replayed.
enum Story {
    static func words(_ input: StreamInput) -> String {
        switch input {
        case .listed(let page): "listing of \(page.shards.map(words)), next \(page.lastEvaluatedShardID ?? "-")"
        case .childrenListed(let parent, let page): "children of \(parent): \(page.shards.map(words))"
        case .records(let shardID, let page): "\(shardID) \(words(page.records)), \(page.nextIterator ?? "end")"
        case .listingFailed(let error): "listing failed: \(error.kind)"
        case .childrenFailed(let parent, let error): "children of \(parent) failed: \(error.kind)"
        case .iterator(let shardID, let iterator): "\(shardID) iterator \(iterator ?? "missing")"
        case .iteratorFailed(let shardID, let error): "\(shardID) iterator failed: \(error.kind)"
        case .recordsFailed(let shardID, let error): "\(shardID) records failed: \(error.kind)"
        case .delivered(let outcome): "delivered \(outcome)"
        case .tick, .beginPass, .interrupted: "\(input)"
        }
    }

    static func words(_ action: StreamAction) -> String {
        switch action {
        case .deliver(let delivery):
            "to deliver"
                + delivery.items.map { item in
                    switch item {
                    case .added(let shards): " +\(shards.map(\.id))"
                    case .records(let shardID, let records): " \(shardID) \(words(records))"
                    case .replayed(let shardID): " replayed \(shardID)"
                    case .ended(let shardID): " -\(shardID)"
                    }
                }.joined()
        case .trouble(let shardID, let error): "to say trouble \(shardID ?? "listing") \(error.kind)"
        default: "\(action)"
        }
    }

    private static func words(_ shard: Shard) -> String {
        shard.id.suffix(4) + (shard.parentID.map { "<" + $0.suffix(4) } ?? "")
            + (shard.endingSequenceNumber == nil ? "" : "!")
    }

    private static func words(_ records: [StreamRecord]) -> String {
        let words = records.map { record in
            if case .number(let write)? = record.newImage?["write"] { return "w" + write }
            return "-" + record.sequenceNumber.text.suffix(6)
        }
        return "[" + words.joined(separator: " ") + "]"
    }
}
