public import TableModel

/// One shard as DescribeStream lists it (AWS API type Shard).
public struct Shard: Sendable, Hashable {
    /// ShardId: its name within the stream.
    public let id: String
    /// ParentShardId: the shard to read first; nil for a root.
    public let parentID: String?
    /// The least that a record of this shard may have; nil where the service does not say.
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
    /// StreamArn.
    public let streamARN: String
    /// StreamStatus.
    public let status: StreamStatus
    /// StreamViewType; nil where it is not one of the four.
    public let viewType: StreamViewType?
    /// TableName.
    public let tableName: String
    /// The shards of this page, in the order sent.
    public let shards: [Shard]
    /// The start of the next page; nil on the last page.
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

/// The start of a shard iterator (AWS API type ShardIteratorType).
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

/// The author of a change, where DynamoDB names one (AWS API type Identity).
public struct UserIdentity: Sendable, Hashable {
    /// The kind of principal, `Service` for DynamoDB itself.
    public let type: String
    /// The author's name, `dynamodb.amazonaws.com` for DynamoDB itself.
    public let principalID: String
    /// Describes an identity.
    public init(type: String, principalID: String) {
        self.type = type
        self.principalID = principalID
    }
    /// DynamoDB's own time-to-live deletion.
    public var isTimeToLive: Bool { type == "Service" && principalID == "dynamodb.amazonaws.com" }
}

/// The part of a record that cannot be read, with the reason in a few words.
public enum RecordFault: Sendable, Hashable {
    /// The primary key: which item the record is of is not known.
    case keys(String)
    /// The item afterwards.
    case newImage(String)
}

/// One record of a stream (AWS API type Record).
public struct StreamRecord: Sendable, Hashable {
    /// A unique name of the record.
    public let eventID: String
    /// The kind of the change.
    public let eventName: RecordEventName
    /// The version of the record format, as sent.
    public let eventVersion: String
    /// The primary key of the item; of one that cannot be read, the attributes that can.
    public let keys: Item
    /// The item afterwards, where the view type has it.
    public let newImage: Item?
    /// The item before, where the view type has it.
    public let oldImage: Item?
    /// The place of the record in its shard.
    public let sequenceNumber: SequenceNumber
    /// Milliseconds since 1970 UTC; DynamoDB rounds down to whole seconds. Nil where the service does not say, as it may: such a record
    /// is no evidence of how fresh its shard is.
    public let approximateCreationMilliseconds: Int64?
    /// The author of the change, where DynamoDB names one.
    public let userIdentity: UserIdentity?
    /// The part of the record that cannot be read; nil if there is none. An unreadable old image does not count.
    public let fault: RecordFault?
    /// Describes a record.
    public init(
        eventID: String,
        eventName: RecordEventName,
        eventVersion: String,
        keys: Item,
        newImage: Item?,
        oldImage: Item?,
        sequenceNumber: SequenceNumber,
        approximateCreationMilliseconds: Int64?,
        userIdentity: UserIdentity?,
        fault: RecordFault? = nil
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
        self.fault = fault
    }
}

/// One response of GetRecords. Records may come together with a null next iterator: they count, then the shard has ended.
public struct RecordsPage: Sendable, Hashable {
    /// The records in the order of the shard, perhaps none.
    public let records: [StreamRecord]
    /// Nil when the shard has been read to its end.
    public let nextIterator: String?
    /// Describes a page.
    public init(records: [StreamRecord], nextIterator: String?) {
        self.records = records
        self.nextIterator = nextIterator
    }
}
