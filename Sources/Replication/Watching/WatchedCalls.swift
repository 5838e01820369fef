import DynamoDBClient
import TableModel

/// DynamoDB, with every call in the history of the start.
struct WatchedTable: DynamoDBAPI {
    private let table: any DynamoDBAPI
    private let start: StartWatch

    init(_ table: any DynamoDBAPI, _ start: StartWatch) {
        self.table = table
        self.start = start
    }

    func describeTable(_ name: String) async throws(DynamoDBError) -> TableDescription {
        try await start.watch("DescribeTable", name) { () async throws(DynamoDBError) in
            try await table.describeTable(name)
        }
    }

    func scan(_ request: ScanRequest) async throws(DynamoDBError) -> ScanPage {
        try await start.watch("Scan", request.table) { () async throws(DynamoDBError) in
            try await table.scan(request)
        }
    }

    func batchGetItem(
        table name: String,
        keys: [[AttributeName: AttributeValue]]
    ) async throws(DynamoDBError) -> BatchGetPage {
        try await start.watch("BatchGetItem", name) { () async throws(DynamoDBError) in
            try await table.batchGetItem(table: name, keys: keys)
        }
    }
}

/// DynamoDB Streams, with every call in the history of the start.
struct WatchedStreams: DynamoDBStreamsAPI {
    private let streams: any DynamoDBStreamsAPI
    private let start: StartWatch

    init(_ streams: any DynamoDBStreamsAPI, _ start: StartWatch) {
        self.streams = streams
        self.start = start
    }

    var serviceTime: ServiceTime? { streams.serviceTime }

    func describeStream(
        _ streamARN: String,
        exclusiveStartShardID: String?,
        childrenOf: String?
    ) async throws(DynamoDBError) -> StreamPage {
        try await start.watch("DescribeStream", streamARN) { () async throws(DynamoDBError) in
            try await streams.describeStream(
                streamARN,
                exclusiveStartShardID: exclusiveStartShardID,
                childrenOf: childrenOf
            )
        }
    }

    func getShardIterator(
        _ streamARN: String,
        shardID: String,
        start place: IteratorStart
    ) async throws(DynamoDBError) -> String? {
        try await start.watch("GetShardIterator", shardID) { () async throws(DynamoDBError) in
            try await streams.getShardIterator(streamARN, shardID: shardID, start: place)
        }
    }

    func getRecords(iterator: String, shardID: String, limit: Int) async throws(DynamoDBError) -> RecordsPage {
        try await start.watch("GetRecords", shardID) { () async throws(DynamoDBError) in
            try await streams.getRecords(iterator: iterator, shardID: shardID, limit: limit)
        }
    }
}
