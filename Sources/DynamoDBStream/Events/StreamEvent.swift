public import DynamoDBClient

/// One event of a stream, in order: a shard's records in the shard's order, a parent's before its child's.
public enum StreamEvent: Sendable, Hashable {
    /// An item was created. The record holds its image, its keys and where it came from.
    case insertRecord(StreamRecord, shardID: String)
    /// An item was changed or replaced.
    case modifyRecord(StreamRecord, shardID: String)
    /// An item was deleted, by a writer or by its time to live (`record.userIdentity`).
    case removeRecord(StreamRecord, shardID: String)
    /// Shards that are read from now on.
    case newShards([Shard])
    /// Shards that have been taken to their end.
    case removeShards([String])
    /// A record whose event name this release does not know, or whose keys it cannot read (`record.fault`). What happened to which
    /// item is not known.
    case unknownRecord(StreamRecord, shardID: String)

    /// The event of a record.
    init(_ record: StreamRecord, shardID: String) {
        if case .keys = record.fault {
            self = .unknownRecord(record, shardID: shardID)
            return
        }
        self =
            switch record.eventName {
            case .insert: .insertRecord(record, shardID: shardID)
            case .modify: .modifyRecord(record, shardID: shardID)
            case .remove: .removeRecord(record, shardID: shardID)
            case .unknown: .unknownRecord(record, shardID: shardID)
            }
    }
}
