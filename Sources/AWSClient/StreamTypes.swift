public import TableModel

/// One shard as DescribeStream lists it (AWS API type Shard).
public struct Shard: Sendable, Hashable {
    public let id: String
    public let parentID: String?
    public let startingSequenceNumber: SequenceNumber?
    /// Nil while the shard is open.
    public let endingSequenceNumber: SequenceNumber?
    /// Describes a shard.
    public init(
        id: String,
        parentID: String?,
        startingSequenceNumber: SequenceNumber?,
        endingSequenceNumber: SequenceNumber?
    ) {
        self.id = id
        self.parentID = parentID
        self.startingSequenceNumber = startingSequenceNumber
        self.endingSequenceNumber = endingSequenceNumber
    }
}

/// ENABLING, ENABLED, DISABLING, DISABLED.
public enum StreamStatus: String, Sendable, Hashable {
    case enabling = "ENABLING"
    case enabled = "ENABLED"
    case disabling = "DISABLING"
    case disabled = "DISABLED"
}

/// One page of DescribeStream. A page may be empty and still have a cursor.
public struct StreamPage: Sendable, Hashable {
    public let streamARN: String
    public let status: StreamStatus
    public let viewType: StreamViewType?
    public let tableName: String
    public let shards: [Shard]
    public let lastEvaluatedShardID: String?
    /// Describes a page.
    public init(
        streamARN: String,
        status: StreamStatus,
        viewType: StreamViewType?,
        tableName: String,
        shards: [Shard],
        lastEvaluatedShardID: String?
    ) {
        self.streamARN = streamARN
        self.status = status
        self.viewType = viewType
        self.tableName = tableName
        self.shards = shards
        self.lastEvaluatedShardID = lastEvaluatedShardID
    }
}

/// Where a shard iterator starts (AWS API type ShardIteratorType).
public enum IteratorStart: Sendable, Hashable {
    case trimHorizon
    case latest
    case at(SequenceNumber)
    case after(SequenceNumber)
}

/// INSERT, MODIFY, REMOVE; `unknown` keeps what else a later version may send.
public enum RecordEventName: Sendable, Hashable {
    case insert, modify, remove
    case unknown(String)
}

/// Who made the change, where DynamoDB says so (AWS API type Identity).
public struct UserIdentity: Sendable, Hashable {
    public let type: String
    public let principalID: String
    /// Describes an identity.
    public init(type: String, principalID: String) {
        self.type = type
        self.principalID = principalID
    }
    /// DynamoDB's own time-to-live deletion.
    public var isTimeToLive: Bool { type == "Service" && principalID == "dynamodb.amazonaws.com" }
}

/// One record of a stream (AWS API type Record).
public struct StreamRecord: Sendable, Hashable {
    public let eventID: String
    public let eventName: RecordEventName
    public let eventVersion: String
    public let keys: Item
    public let newImage: Item?
    public let oldImage: Item?
    public let sequenceNumber: SequenceNumber
    /// Milliseconds since 1970 UTC; DynamoDB rounds down to whole seconds.
    public let approximateCreationMilliseconds: Int64
    public let userIdentity: UserIdentity?
    /// Describes a record.
    public init(
        eventID: String,
        eventName: RecordEventName,
        eventVersion: String,
        keys: Item,
        newImage: Item?,
        oldImage: Item?,
        sequenceNumber: SequenceNumber,
        approximateCreationMilliseconds: Int64,
        userIdentity: UserIdentity?
    ) {
        self.eventID = eventID
        self.eventName = eventName
        self.eventVersion = eventVersion
        self.keys = keys
        self.newImage = newImage
        self.oldImage = oldImage
        self.sequenceNumber = sequenceNumber
        self.approximateCreationMilliseconds = approximateCreationMilliseconds
        self.userIdentity = userIdentity
    }
}

/// One answer of GetRecords. Records may come together with a null next iterator: they count, then the shard has ended.
public struct RecordsPage: Sendable, Hashable {
    public let records: [StreamRecord]
    /// Nil when the shard has been read to its end.
    public let nextIterator: String?
    /// Describes a page.
    public init(records: [StreamRecord], nextIterator: String?) {
        self.records = records
        self.nextIterator = nextIterator
    }
}
