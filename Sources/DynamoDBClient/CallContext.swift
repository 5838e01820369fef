/// A call as its errors name it: the operation, its subject and the endpoint.
struct CallContext: Sendable {
    /// For example `Scan`.
    let operation: String
    /// For example `table orders` or `shard shardId-…`.
    let subject: String
    let endpoint: Endpoint
    /// Whether DynamoDB Streams is called.
    let isOfStreams: Bool

    /// A call of DynamoDB or DynamoDB Streams.
    init(_ operation: DynamoDBOperation, subject: String, endpoint: Endpoint) {
        self.operation = operation.rawValue
        self.subject = subject
        self.endpoint = endpoint
        isOfStreams = operation.isOfStreams
    }

    /// A call of another service.
    init(operation: String, subject: String, endpoint: Endpoint) {
        self.operation = operation
        self.subject = subject
        self.endpoint = endpoint
        isOfStreams = false
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
