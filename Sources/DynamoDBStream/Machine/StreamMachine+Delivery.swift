import DynamoDBClient
import TableModel

extension StreamMachine {
    /// Whether a shard is read again from before the bookmark; what it brings is held until its head is reached.
    var isReplaying: Bool { cursors.values.contains { $0.isReplaying } }

    mutating func pumpDelivery() {
        guard itemsOut == 0, !outbox.isEmpty else { return }
        itemsOut = outbox.count
        actions.append(.deliver(StreamDelivery(items: outbox)))
    }

    mutating func delivered(_ outcome: DeliveryOutcome) {
        switch outcome {
        case .taken:
            take(items: itemsOut, records: 0)
        case .stopped(let items, let records, _):
            take(items: min(items, itemsOut), records: records)
        }
        itemsOut = 0
    }

    private mutating func take(items count: Int, records partial: Int) {
        for item in outbox.prefix(count) { take(item) }
        outbox.removeFirst(count)
        guard partial > 0, case .records(let shardID, let records) = outbox.first else { return }
        let taken = records.prefix(partial)
        if let last = taken.last { update(shardID) { $0.taken = .after(last.sequenceNumber) } }
        let rest = Array(records.dropFirst(taken.count))
        if rest.isEmpty {
            outbox.removeFirst()
            pageTaken(shardID)
        } else {
            outbox[0] = .records(shardID: shardID, rest)
        }
    }

    private mutating func take(_ item: DeliveryItem) {
        switch item {
        case .added, .replayed:
            break
        case .records(let shardID, let records):
            if let last = records.last { update(shardID) { $0.taken = .after(last.sequenceNumber) } }
            pageTaken(shardID)
        case .ended(let shardID):
            update(shardID) {
                $0.phase = .ended
                $0.taken = .ended
            }
        }
    }

    private mutating func pageTaken(_ shardID: String) {
        queuedPages -= 1
        update(shardID) {
            $0.queuedPages -= 1
            $0.pageTaken()
        }
        guard let cursor = cursors[shardID], cursor.phase == .waiting, cursor.dueAt == nil else { return }
        // It was held back by its own pages: it is behind by definition.
        schedule(shardID, at: now.continuous)
    }
}
