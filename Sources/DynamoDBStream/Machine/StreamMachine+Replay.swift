import DynamoDBClient
import TableModel

// A shard that was opened at LATEST, and whose iterator was lost before it gave a record, is read again from its oldest record.
// The replayed records repeat old states of their keys, so the machine holds them until the replay reaches the head, and then delivers
// them all at once. Records of other shards are delivered meanwhile. The durable position of the shard does not move until then.
extension StreamMachine {
    mutating func beginReplay(_ shardID: String) {
        let moment = now
        update(shardID) {
            $0.opensReplay = false
            $0.isReplaying = true
            $0.replayBegan = moment
            $0.emptyPages = 0
        }
    }

    /// Queues a page for the consumer, or holds it while its shard replays. False when that is more than may be held: then the shard
    /// is lost.
    mutating func queue(_ records: [StreamRecord], of shardID: String) -> Bool {
        guard let cursor = cursors[shardID], cursor.isReplaying else {
            queuedPages += 1
            update(shardID) { $0.queuedPages += 1 }
            outbox.append(.records(shardID: shardID, records))
            return true
        }
        let bytes = records.reduce(0) { $0 + $1.approximateBytes }
        heldBytes += bytes
        update(shardID) {
            $0.held.append(records)
            $0.heldBytes += bytes
        }
        guard heldBytes > settings.limits.replayBytes else { return true }
        lose(shardID, .replayTooLarge)
        return false
    }

    /// The replay has reached its head, or what it holds is all there is.
    mutating func releaseReplay(_ shardID: String) {
        guard let cursor = cursors[shardID], cursor.isReplaying || !cursor.held.isEmpty else { return }
        for records in cursor.held { outbox.append(.records(shardID: shardID, records)) }
        queuedPages += cursor.held.count
        update(shardID) {
            $0.queuedPages += cursor.held.count
            $0.isReplaying = false
        }
        forgetHeld(shardID)
        outbox.append(.replayed(shardID: shardID))
    }

    /// Drops the held pages. They will be read again.
    mutating func dropReplay(_ shardID: String) {
        let count = cursors[shardID]?.held.count ?? 0
        update(shardID) { $0.completeWhenTaken.removeLast(min(count, $0.completeWhenTaken.count)) }
        forgetHeld(shardID)
    }

    private mutating func forgetHeld(_ shardID: String) {
        heldBytes -= cursors[shardID]?.heldBytes ?? 0
        update(shardID) {
            $0.held = []
            $0.heldBytes = 0
        }
    }
}

extension StreamRecord {
    /// About what the record takes in memory.
    fileprivate var approximateBytes: Int {
        256 + keys.packed.count + (newImage?.packed.count ?? 0) + (oldImage?.packed.count ?? 0)
    }
}

extension RecordsPage {
    /// The creation time (milliseconds since 1970 UTC) of the newest record that has one. Records come in order, so all before it are
    /// older; a record without a time is no evidence.
    var newestCreation: Int64? {
        records.last { $0.approximateCreationMilliseconds != nil }?.approximateCreationMilliseconds
    }
}
