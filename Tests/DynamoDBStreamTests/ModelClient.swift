import DynamoDBClient
import StreamModel
import Synchronization

@testable import DynamoDBStream

/// The calls of a stream over a model.
final class ModelClient: DynamoDBStreamsAPI {
    private let model: Mutex<StreamModel>

    init(_ model: StreamModel) { self.model = Mutex(model) }

    func change<Result: Sendable>(_ body: (inout StreamModel) -> Result) -> Result { model.withLock { body(&$0) } }

    func describeStream(
        _ streamARN: String,
        exclusiveStartShardID: String?,
        childrenOf: String?
    ) async throws(DynamoDBError) -> StreamPage {
        try model.withLock { (model) throws(DynamoDBError) in
            try model.describeStream(exclusiveStart: exclusiveStartShardID, childrenOf: childrenOf)
        }
    }

    func getShardIterator(_ streamARN: String, shardID: String, start: IteratorStart) async throws(DynamoDBError)
        -> String?
    {
        try model.withLock { (model) throws(DynamoDBError) in try model.getShardIterator(shardID, start) }
    }

    func getRecords(iterator: String, shardID: String, limit: Int) async throws(DynamoDBError) -> RecordsPage {
        try model.withLock { (model) throws(DynamoDBError) in try model.getRecords(iterator, limit: limit) }
    }
}
