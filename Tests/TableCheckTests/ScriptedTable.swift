import DynamoDBClient
import TableModel

/// A table that grants each call but those that are to fail.
struct ScriptedTable: DynamoDBAPI, DynamoDBStreamsAPI {
    var description: TableDescription
    var failures: [String: DynamoDBError.Kind] = [:]
    var page = ItemBatch()
    var shards = [Shard(id: "shard-1", parentID: nil, startingSequenceNumber: nil, endingSequenceNumber: nil)]
    var serviceTime: ServiceTime? { nil }

    init(streamEnabled: Bool = true) {
        description = Self.description(streamEnabled: streamEnabled)
        let item = Item(["pk": .string("a")])
        guard let key = try? ItemKey(partition: .string("a"), schema: description.keySchema) else { return }
        page = ItemBatch(
            arena: key.bytes + item.packed,
            entries: [
                ItemBatch.Entry(
                    key: 0..<key.bytes.count,
                    item: key.bytes.count..<key.bytes.count + item.packed.count
                )
            ]
        )
    }

    static func description(
        status: String = "ACTIVE",
        streamEnabled: Bool = true,
        viewType: StreamViewType? = .newAndOldImages
    ) -> TableDescription {
        let arn = "arn:aws:dynamodb:eu-central-1:123456789012:table/orders"
        return TableDescription(
            name: "orders",
            arn: arn,
            status: status,
            keySchema: KeySchema(partition: KeyAttribute(name: "pk", type: .string)),
            latestStreamARN: streamEnabled ? "\(arn)/stream/2026-01-01T00:00:00.000" : nil,
            streamEnabled: streamEnabled,
            streamViewType: streamEnabled ? viewType : nil,
            approximateItemCount: 1
        )
    }

    static func error(_ operation: String, _ kind: DynamoDBError.Kind) -> DynamoDBError {
        DynamoDBError(
            kind: kind,
            operation: operation,
            subject: "orders",
            code: kind == .throttled ? "ThrottlingException" : "AccessDeniedException",
            message: "no",
            hint: "Allow dynamodb:\(operation) to this identity."
        )
    }

    private func check(_ operation: String) throws(DynamoDBError) {
        if let kind = failures[operation] { throw Self.error(operation, kind) }
    }

    func describeTable(_ name: String) async throws(DynamoDBError) -> TableDescription {
        try check("DescribeTable")
        return description
    }

    func scan(_ request: ScanRequest) async throws(DynamoDBError) -> ScanPage {
        try check("Scan")
        return ScanPage(items: page, lastEvaluatedKey: nil, consumedCapacity: 1)
    }

    func batchGetItem(table: String, keys: [[AttributeName: AttributeValue]]) async throws(DynamoDBError)
        -> BatchGetPage
    {
        try check("BatchGetItem")
        return BatchGetPage(items: [], unprocessedKeys: [])
    }

    func describeStream(
        _ streamARN: String,
        exclusiveStartShardID: String?,
        childrenOf: String?
    ) async throws(DynamoDBError) -> StreamPage {
        try check("DescribeStream")
        return StreamPage(
            streamARN: streamARN,
            status: .enabled,
            viewType: .newAndOldImages,
            tableName: "orders",
            shards: shards,
            lastEvaluatedShardID: nil
        )
    }

    func getShardIterator(
        _ streamARN: String,
        shardID: String,
        start: IteratorStart
    ) async throws(DynamoDBError) -> String? {
        try check("GetShardIterator")
        return "iterator"
    }

    func getRecords(iterator: String, shardID: String, limit: Int) async throws(DynamoDBError) -> RecordsPage {
        try check("GetRecords")
        return RecordsPage(records: [], nextIterator: "iterator")
    }
}
