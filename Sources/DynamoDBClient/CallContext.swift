/// A call as its errors name it: the operation, its subject and the endpoint.
struct CallContext: Sendable {
    let operation: DynamoDBOperation
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
