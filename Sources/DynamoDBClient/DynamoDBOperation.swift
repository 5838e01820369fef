/// The operations that the client knows.
enum DynamoDBOperation: String, Sendable {
    case describeTable = "DescribeTable"
    case scan = "Scan"
    case batchGetItem = "BatchGetItem"
    case describeStream = "DescribeStream"
    case getShardIterator = "GetShardIterator"
    case getRecords = "GetRecords"

    /// Whether it belongs to DynamoDB Streams, which has an endpoint of its own.
    var isOfStreams: Bool {
        switch self {
        case .describeTable, .scan, .batchGetItem: false
        case .describeStream, .getShardIterator, .getRecords: true
        }
    }

    /// The value of `X-Amz-Target`.
    var target: String {
        (isOfStreams ? "DynamoDBStreams_20120810." : "DynamoDB_20120810.") + rawValue
    }
}
