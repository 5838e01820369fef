import Dispatch

extension DispatchQueue {
    /// The result of `work`, which is done on this queue: a file on a volume that hangs then holds up no thread that tasks share.
    func result<Value: Sendable>(
        of work: @escaping @Sendable () throws(DynamoDBError) -> Value
    ) async throws(DynamoDBError) -> Value {
        let result: Result<Value, DynamoDBError> = await withCheckedContinuation { continuation in
            async { @Sendable in continuation.resume(returning: Result { () throws(DynamoDBError) in try work() }) }
        }
        return try result.get()
    }
}
