public import TableModel

/// The contents of a stream's records (AWS API type StreamViewType).
public enum StreamViewType: String, Sendable, Hashable {
    case keysOnly = "KEYS_ONLY"
    case newImage = "NEW_IMAGE"
    case oldImage = "OLD_IMAGE"
    case newAndOldImages = "NEW_AND_OLD_IMAGES"
}

/// The parts of DescribeTable that a replica needs.
public struct TableDescription: Sendable, Hashable {
    /// TableName.
    public let name: String
    /// TableArn.
    public let arn: String
    /// CREATING, ACTIVE, UPDATING, DELETING, INACCESSIBLE_ENCRYPTION_CREDENTIALS, ARCHIVING, ARCHIVED, as sent.
    public let status: String
    /// The primary key.
    public let keySchema: KeySchema
    /// LatestStreamArn; nil when the table never had a stream.
    public let latestStreamARN: String?
    /// StreamSpecification.StreamEnabled.
    public let streamEnabled: Bool
    /// StreamSpecification.StreamViewType; nil without a stream.
    public let streamViewType: StreamViewType?
    /// AWS's own six-hourly estimate.
    public let approximateItemCount: Int64
    /// Its size, and its capacity for reads.
    public let capacity: TableCapacity
    /// Why it cannot be read or followed, where it cannot.
    public let summaries: TableSummaries

    /// Describes a table.
    public init(
        name: String,
        arn: String,
        status: String,
        keySchema: KeySchema,
        latestStreamARN: String?,
        streamEnabled: Bool,
        streamViewType: StreamViewType?,
        approximateItemCount: Int64,
        capacity: TableCapacity = TableCapacity(),
        summaries: TableSummaries = TableSummaries()
    ) {
        self.name = name
        self.arn = arn
        self.status = status
        self.keySchema = keySchema
        self.latestStreamARN = latestStreamARN
        self.streamEnabled = streamEnabled
        self.streamViewType = streamViewType
        self.approximateItemCount = approximateItemCount
        self.capacity = capacity
        self.summaries = summaries
    }
}

/// One page of a strongly consistent Scan.
public struct ScanRequest: Sendable, Hashable {
    /// The table to scan: its name or its ARN.
    public let table: String
    /// Its primary key.
    public let schema: KeySchema
    /// The segment, from 0.
    public let segment: Int
    /// The number of segments that the scan is split into, 1 for none.
    public let totalSegments: Int
    /// LastEvaluatedKey of the page before; nil for the first.
    public let exclusiveStartKey: [AttributeName: AttributeValue]?
    /// Items per page at most; nil for DynamoDB's own limit of 1 MB.
    public let limit: Int?

    /// Asks for a page; the client always sends ConsistentRead and ReturnConsumedCapacity=TOTAL.
    public init(
        table: String,
        schema: KeySchema,
        segment: Int,
        totalSegments: Int,
        exclusiveStartKey: [AttributeName: AttributeValue]?,
        limit: Int? = nil
    ) {
        self.table = table
        self.schema = schema
        self.segment = segment
        self.totalSegments = totalSegments
        self.exclusiveStartKey = exclusiveStartKey
        self.limit = limit
    }
}

/// A page of a Scan, its items packed and keyed.
public struct ScanPage: Sendable {
    package let items: ItemBatch
    /// The rows that cannot be read.
    public let unreadable: [UnreadableRow]
    /// Nil when the segment is complete.
    public let lastEvaluatedKey: [AttributeName: AttributeValue]?
    /// Read capacity units consumed; nil where the endpoint does not say.
    public let consumedCapacity: Double?

    /// The page's items that can be read, one by one. Makes an allocation for each; the replica reads the batch instead.
    public var rows: [Item] { items.entries.map { Item(packed: Array(items.arena[$0.item])) } }

    package init(
        items: ItemBatch,
        unreadable: [UnreadableRow] = [],
        lastEvaluatedKey: [AttributeName: AttributeValue]?,
        consumedCapacity: Double?
    ) {
        self.items = items
        self.unreadable = unreadable
        self.lastEvaluatedKey = lastEvaluatedKey
        self.consumedCapacity = consumedCapacity
    }
}

/// A row of a Scan that cannot be read.
public struct UnreadableRow: Sendable, Hashable {
    /// Its primary key; nil where that cannot be read either.
    public let key: ItemKey?
    /// Why it cannot be read, in a few words.
    public let reason: String
    /// Describes a row.
    public init(key: ItemKey?, reason: String) {
        self.key = key
        self.reason = reason
    }
}

/// The items that BatchGetItem found, and the keys that it did not process.
public struct BatchGetPage: Sendable, Hashable {
    /// The items found, in no order.
    public let items: [Item]
    /// The items found that cannot be read.
    public let unreadable: [PartialItem]
    /// The keys to ask for again.
    public let unprocessedKeys: [[AttributeName: AttributeValue]]
    /// Describes a page.
    public init(
        items: [Item],
        unreadable: [PartialItem] = [],
        unprocessedKeys: [[AttributeName: AttributeValue]]
    ) {
        self.items = items
        self.unreadable = unreadable
        self.unprocessedKeys = unprocessedKeys
    }
}
