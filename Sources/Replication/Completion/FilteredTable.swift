import DynamoDBClient
import TableModel

/// DynamoDB, with items that lack the ignored attributes. Rows of scans, comparisons and single reads all come through here, so that no
/// part of replication can meet such an attribute.
struct FilteredTable: DynamoDBAPI {
    private let table: any DynamoDBAPI
    private let ignored: AttributePatterns

    init(_ table: any DynamoDBAPI, without ignored: AttributePatterns) {
        self.table = table
        self.ignored = ignored
    }

    func describeTable(_ name: String) async throws(DynamoDBError) -> TableDescription {
        try await table.describeTable(name)
    }

    @concurrent
    func scan(_ request: ScanRequest) async throws(DynamoDBError) -> ScanPage {
        let page = try await table.scan(request)
        return ScanPage(
            items: page.items.removing(ignored),
            unreadable: page.unreadable,
            lastEvaluatedKey: page.lastEvaluatedKey,
            consumedCapacity: page.consumedCapacity
        )
    }

    @concurrent
    func batchGetItem(
        table name: String,
        keys: [[AttributeName: AttributeValue]]
    ) async throws(DynamoDBError) -> BatchGetPage {
        let page = try await table.batchGetItem(table: name, keys: keys)
        return BatchGetPage(
            items: page.items.map { $0.removing(ignored) },
            unreadable: page.unreadable,
            unprocessedKeys: page.unprocessedKeys
        )
    }
}
