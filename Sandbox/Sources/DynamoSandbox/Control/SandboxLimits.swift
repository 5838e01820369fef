/// Every bound of the sandbox, as DynamoDB documents it.
enum SandboxLimits {
    /// Bytes of items that one page of Scan, Query or GetRecords holds before it stops.
    static let pageBytes = 1_048_576
    /// Bytes of one item.
    static let itemBytes = 409_600
    /// Keys of a BatchGetItem.
    static let batchGetKeys = 100
    /// Bytes of items in one BatchGetItem response; keys of others come back as UnprocessedKeys.
    static let batchGetBytes = 16_777_216
    /// Requests of a BatchWriteItem.
    static let batchWriteRequests = 25
    /// Actions of a TransactWriteItems.
    static let transactionActions = 100
    /// Bytes of the items of a TransactWriteItems.
    static let transactionBytes = 4_194_304
    /// Characters of a ClientRequestToken.
    static let tokenCharacters = 36
    /// Characters of a table's name, which are ASCII, and of its ARN.
    static let tableNameBytes = 255
    static let tableARNBytes = 1_024
    /// ReadCapacityUnits and WriteCapacityUnits of a table.
    static let capacityUnits: Int64 = 1_000_000_000_000
    /// Records of one GetRecords response.
    static let recordsPerPage: Int64 = 1_000
    /// Shards of one DescribeStream response, streams of one ListStreams response, tables of one ListTables response.
    static let listPage: Int64 = 100
    /// How long a transaction's ClientRequestToken counts, and how many are kept.
    static let tokenMilliseconds: Int64 = 600_000
    static let tokens = 10_000
    /// Depth of lists and maps in one attribute.
    static let nestingDepth = 32
    /// Bytes of a partition key and of a sort key.
    static let partitionKeyBytes = 2_048
    static let sortKeyBytes = 1_024
    /// Segments of a parallel Scan.
    static let segments: Int64 = 1_000_000
    /// Bytes of a request body; larger ones are answered 413.
    static let requestBytes = 17_825_792
    /// Shards of a stream that clients may ask for over HTTP, and faults that they may leave waiting.
    static let shards = 10_000
    static let waitingFaults = 10_000
    /// Calls that the call log keeps; older ones are dropped.
    static let loggedCalls = 100_000
}
