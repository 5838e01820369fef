@testable import DynamoDBClient
@testable import TableModel

/// Answers of the services, which may be cut or those of something else: read or refused, never the end of the process.
struct AnswersTarget: FuzzTarget {
    private let schema = KeySchema(partition: KeyAttribute(name: "id", type: .string))

    func run(_ bytes: UnsafeRawBufferPointer) {
        _ = try? RecordsResponse.decode(bytes)
        _ = try? ScanResponse.decode(bytes, schema: schema)
        _ = try? BatchGetResponse.decode(bytes, table: "orders")
        _ = try? StreamResponse.decode(bytes)
        _ = try? ShardIteratorResponse.decode(bytes)
        _ = try? TableResponse.decode(bytes)
    }
}
