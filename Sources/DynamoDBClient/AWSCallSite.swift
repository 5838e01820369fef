/// What an error names: the operation, what it was about and whom it asked.
struct AWSCallSite: Sendable {
    let operation: AWSOperation
    /// For example `table orders` or `shard shardId-…`.
    let subject: String
    let endpoint: Endpoint

    /// An error of this call.
    func error(_ kind: DynamoDBError.Kind, _ code: DynamoDBError.Code, _ message: String, hint: String) -> DynamoDBError
    {
        DynamoDBError(
            kind: kind,
            operation: operation.rawValue,
            subject: subject,
            code: code,
            message: message,
            hint: hint
        )
    }
}

/// The operations that the client knows.
enum AWSOperation: String, Sendable {
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
