import Dispatch

/// A thread of its own for work on files: their volume may hang, and no thread that tasks share must wait for it.
struct FileQueue: Sendable {
    private let queue = DispatchQueue(label: "tablecast.aws-files")

    /// Does the work there, and returns its value or throws its error.
    func run<Value: Sendable>(
        _ work: @escaping @Sendable () throws(DynamoDBError) -> Value
    ) async throws(DynamoDBError) -> Value {
        let result: Result<Value, DynamoDBError> = await withCheckedContinuation { continuation in
            queue.async { @Sendable in
                continuation.resume(returning: Result { () throws(DynamoDBError) in try work() })
            }
        }
        return try result.get()
    }
}
