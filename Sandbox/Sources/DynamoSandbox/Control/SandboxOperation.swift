/// The operations of DynamoDB and DynamoDB Streams that the sandbox answers, by their AWS names.
public enum SandboxOperation: String, Sendable, Hashable, CaseIterable {
    case createTable = "CreateTable"
    case describeTable = "DescribeTable"
    case deleteTable = "DeleteTable"
    case listTables = "ListTables"
    case updateTable = "UpdateTable"
    case putItem = "PutItem"
    case updateItem = "UpdateItem"
    case deleteItem = "DeleteItem"
    case getItem = "GetItem"
    case batchGetItem = "BatchGetItem"
    case batchWriteItem = "BatchWriteItem"
    case transactWriteItems = "TransactWriteItems"
    case query = "Query"
    case scan = "Scan"
    case listStreams = "ListStreams"
    case describeStream = "DescribeStream"
    case getShardIterator = "GetShardIterator"
    case getRecords = "GetRecords"

    /// Whether an operation belongs to DynamoDB Streams.
    public var isStreams: Bool {
        switch self {
        case .listStreams, .describeStream, .getShardIterator, .getRecords: true
        default: false
        }
    }

    /// The value of X-Amz-Target.
    public var target: String {
        (isStreams ? "DynamoDBStreams_20120810." : "DynamoDB_20120810.") + rawValue
    }

    private static let byTarget = Dictionary(uniqueKeysWithValues: allCases.map { ($0.target, $0) })

    /// The operation of an X-Amz-Target; nil for one that the sandbox does not know.
    public init?(target: String) {
        guard let operation = Self.byTarget[target] else { return nil }
        self = operation
    }
}
