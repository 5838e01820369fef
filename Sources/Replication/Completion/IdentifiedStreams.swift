import DynamoDBClient
import DynamoDBStream

/// DynamoDB Streams, with every description held against the stream that was asked for: shards of another account's stream would be
/// read as this table's.
struct IdentifiedStreams: DynamoDBStreamsAPI {
    private let streams: any DynamoDBStreamsAPI

    init(_ streams: any DynamoDBStreamsAPI) { self.streams = streams }

    var serviceTime: ServiceTime? { streams.serviceTime }

    func describeStream(
        _ streamARN: String,
        exclusiveStartShardID: String?,
        childrenOf: String?
    ) async throws(DynamoDBError) -> StreamPage {
        let page = try await streams.describeStream(
            streamARN,
            exclusiveStartShardID: exclusiveStartShardID,
            childrenOf: childrenOf
        )
        // Identifiers that are no ARNs are an endpoint's own business.
        guard let asked = TableARN(streamARN), let answered = TableARN(page.streamARN), asked != answered else {
            return page
        }
        let difference = answered.difference(from: asked) ?? "it is another stream of the table"
        throw DynamoDBError(
            kind: .fatal,
            operation: "DescribeStream",
            subject: "stream \(streamARN)",
            code: "OtherStream",
            message: "it describes \(page.streamARN): \(difference)",
            hint:
                "Check that both services are asked in one region and account: AWS_ENDPOINT_URL_DYNAMODB_STREAMS, --region"
        )
    }

    func getShardIterator(
        _ streamARN: String,
        shardID: String,
        start: IteratorStart
    ) async throws(DynamoDBError) -> String? {
        try await streams.getShardIterator(streamARN, shardID: shardID, start: start)
    }

    func getRecords(iterator: String, shardID: String, limit: Int) async throws(DynamoDBError) -> RecordsPage {
        try await streams.getRecords(iterator: iterator, shardID: shardID, limit: limit)
    }
}
