@testable import AWSClient
@testable import TableModel

/// Answers of the services, which may be cut or those of something else: read or refused, never the end of the process.
struct AnswersTarget: FuzzTarget {
    private let schema = KeySchema(partition: KeyAttribute(name: "id", type: .string))

    func run(_ bytes: UnsafeRawBufferPointer) {
        _ = try? RecordsAnswer.decode(bytes)
        _ = try? ScanAnswer.decode(bytes, schema: schema)
        _ = try? BatchGetAnswer.decode(bytes, table: "orders")
        _ = try? StreamAnswer.decode(bytes)
        _ = try? ShardIteratorAnswer.decode(bytes)
        _ = try? TableAnswer.decode(bytes)
    }
}
