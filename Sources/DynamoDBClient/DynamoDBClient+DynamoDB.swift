import Basics
public import TableModel

extension DynamoDBClient: DynamoDBAPI {
    /// DescribeTable.
    public func describeTable(_ name: String) async throws(DynamoDBError) -> TableDescription {
        let body = JSONWriter.object { $0.member("TableName", name) }
        return try await perform(
            .describeTable,
            subject: "table \(name)",
            policy: retries.interactive,
            body: body,
            decode: TableResponse.decode
        )
    }

    /// One page of a strongly consistent Scan. Throttling is not retried: only the caller can slow down all of its segments.
    public func scan(_ request: ScanRequest) async throws(DynamoDBError) -> ScanPage {
        let body = JSONWriter.object { body in
            body.member("TableName", request.table)
            body.member("ConsistentRead", true)
            body.member("ReturnConsumedCapacity", "TOTAL")
            body.member("Segment", request.segment)
            body.member("TotalSegments", request.totalSegments)
            if let key = request.exclusiveStartKey { body.member("ExclusiveStartKey", key) }
            if let limit = request.limit { body.member("Limit", limit) }
        }
        var policy = retries.scan
        policy.maximumThrottledAttempts = 1
        return try await perform(
            .scan,
            subject: "table \(request.table) segment \(request.segment) of \(request.totalSegments)",
            policy: policy,
            body: body
        ) { bytes throws(JSONError) in
            try ScanResponse.decode(bytes, schema: request.schema)
        }
    }

    /// BatchGetItem with strongly consistent reads; at most 100 keys.
    public func batchGetItem(
        table: String,
        keys: [[AttributeName: AttributeValue]]
    ) async throws(DynamoDBError) -> BatchGetPage {
        let body = JSONWriter.object { body in
            body.object("RequestItems") { tables in
                tables.object(table) { request in
                    request.array("Keys", keys) { $0.attributes($1) }
                    request.member("ConsistentRead", true)
                }
            }
        }
        return try await perform(
            .batchGetItem,
            subject: "table \(table)",
            policy: retries.scan,
            body: body
        ) { bytes throws(JSONError) in
            try BatchGetResponse.decode(bytes, table: table)
        }
    }
}
