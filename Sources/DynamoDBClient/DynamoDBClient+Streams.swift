import Basics
import TableModel

extension DynamoDBClient: DynamoDBStreamsAPI {
    /// Shards on a page of DescribeStream: the most that the API gives.
    private static let shardsPerPage = 100

    /// One page of DescribeStream.
    public func describeStream(
        _ streamARN: String,
        exclusiveStartShardID: String?,
        childrenOf: String?
    ) async throws(DynamoDBError) -> StreamPage {
        let body = JSONWriter.object { body in
            body.member("StreamArn", streamARN)
            body.member("Limit", Self.shardsPerPage)
            if let exclusiveStartShardID { body.member("ExclusiveStartShardId", exclusiveStartShardID) }
            if let childrenOf {
                body.object("ShardFilter") { filter in
                    filter.member("Type", "CHILD_SHARDS")
                    filter.member("ShardId", childrenOf)
                }
            }
        }
        return try await perform(
            .describeStream,
            subject: "stream \(streamARN)",
            policy: retries.streams,
            body: body,
            decode: StreamResponse.decode
        )
    }

    /// GetShardIterator; nil where the service answers without one.
    public func getShardIterator(
        _ streamARN: String,
        shardID: String,
        start: IteratorStart
    ) async throws(DynamoDBError) -> String? {
        let body = JSONWriter.object { body in
            body.member("StreamArn", streamARN)
            body.member("ShardId", shardID)
            switch start {
            case .trimHorizon: body.member("ShardIteratorType", "TRIM_HORIZON")
            case .latest: body.member("ShardIteratorType", "LATEST")
            case .at(let number):
                body.member("ShardIteratorType", "AT_SEQUENCE_NUMBER")
                body.member("SequenceNumber", number.text)
            case .after(let number):
                body.member("ShardIteratorType", "AFTER_SEQUENCE_NUMBER")
                body.member("SequenceNumber", number.text)
            }
        }
        return try await perform(
            .getShardIterator,
            subject: "shard \(shardID)",
            policy: retries.streams,
            body: body,
            decode: ShardIteratorResponse.decode
        )
    }

    /// GetRecords; `shardID` only names the subject of errors.
    public func getRecords(
        iterator: String,
        shardID: String,
        limit: Int
    ) async throws(DynamoDBError) -> RecordsPage {
        let body = JSONWriter.object { body in
            body.member("ShardIterator", iterator)
            body.member("Limit", limit)
        }
        return try await perform(
            .getRecords,
            subject: "shard \(shardID)",
            policy: retries.streams,
            body: body,
            decode: RecordsResponse.decode
        )
    }
}
