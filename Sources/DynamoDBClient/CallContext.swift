/// A call as its errors name it: the operation, its subject and the endpoint.
struct CallContext: Sendable {
    /// For example `Scan`.
    let operation: String
    /// For example `table orders` or `shard shardId-…`.
    let subject: String
    let endpoint: Endpoint
    /// Whether DynamoDB Streams is called.
    let isOfStreams: Bool
    /// Whether DynamoDB or DynamoDB Streams is called.
    let isOfDynamoDB: Bool

    /// A call of DynamoDB or DynamoDB Streams.
    init(_ operation: DynamoDBOperation, subject: String, endpoint: Endpoint) {
        self.operation = operation.rawValue
        self.subject = subject
        self.endpoint = endpoint
        isOfStreams = operation.isOfStreams
        isOfDynamoDB = true
    }

    /// A call of another service.
    init(operation: String, subject: String, endpoint: Endpoint) {
        self.operation = operation
        self.subject = subject
        self.endpoint = endpoint
        isOfStreams = false
        isOfDynamoDB = false
    }

    /// An error of this call.
    func error(_ kind: DynamoDBError.Kind, _ code: DynamoDBError.Code, _ message: String, hint: String) -> DynamoDBError
    {
        DynamoDBError(
            kind: kind,
            operation: operation,
            subject: subject,
            code: code,
            message: message,
            hint: hint
        )
    }
}
