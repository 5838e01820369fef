package import DynamoDBClient

/// The calls of a replica, in the order in which a check makes them. Each is an action of IAM (Service Authorization Reference,
/// Amazon DynamoDB).
package enum TableCall: String, Sendable, Hashable, CaseIterable {
    case describeTable = "DescribeTable"
    case scan = "Scan"
    case batchGetItem = "BatchGetItem"
    case describeStream = "DescribeStream"
    case getShardIterator = "GetShardIterator"
    case getRecords = "GetRecords"

    /// The name of the action in a policy.
    package var action: String { "dynamodb:\(rawValue)" }

    /// Whether the resource of the action is the stream and not the table.
    package var isOfStream: Bool {
        switch self {
        case .describeTable, .scan, .batchGetItem: false
        case .describeStream, .getShardIterator, .getRecords: true
        }
    }

    /// The end of a call.
    package enum Outcome: Sendable, Hashable {
        /// The call was granted. The words say what came.
        case granted(String)
        case failed(DynamoDBError)
        /// The call was not made, for the reason given.
        case notTried(String)
    }
}
