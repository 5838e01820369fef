public import TableModel

/// The calls of DynamoDB that a replica makes. Each retries on its own within `RetryPolicy` and throws what remained.
public protocol DynamoDBAPI: Sendable {
    /// DescribeTable. Here and in the other calls a table is named by its name or by its ARN.
    func describeTable(_ name: String) async throws(DynamoDBError) -> TableDescription
    /// Scan with ConsistentRead=true.
    func scan(_ request: ScanRequest) async throws(DynamoDBError) -> ScanPage
    /// BatchGetItem with ConsistentRead=true; at most 100 keys.
    func batchGetItem(table: String, keys: [[AttributeName: AttributeValue]]) async throws(DynamoDBError)
        -> BatchGetPage
}

/// The calls of DynamoDB Streams that a consumer makes.
public protocol DynamoDBStreamsAPI: ServiceTimekeeper {
    /// One page of DescribeStream. `childrenOf` asks for one shard's children (ShardFilter CHILD_SHARDS).
    func describeStream(
        _ streamARN: String,
        exclusiveStartShardID: String?,
        childrenOf: String?
    ) async throws(DynamoDBError) -> StreamPage
    /// GetShardIterator; nil where the service answers without one.
    func getShardIterator(
        _ streamARN: String,
        shardID: String,
        start: IteratorStart
    ) async throws(DynamoDBError) -> String?
    /// GetRecords with `limit` records at most (1 to 1,000). `shardID` only names the subject of errors.
    func getRecords(iterator: String, shardID: String, limit: Int) async throws(DynamoDBError) -> RecordsPage
}
