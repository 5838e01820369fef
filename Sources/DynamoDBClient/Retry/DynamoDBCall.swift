/// One finished call, its retries included.
public struct DynamoDBCall: Sendable, Hashable {
    /// The AWS operation, for example `Scan`.
    public let operation: String
    /// How the call failed in the end; nil when it succeeded.
    public let failure: DynamoDBError.Kind?
    /// How the attempts before the last one failed, in order. Empty when the first attempt decided.
    public let retriedFailures: [DynamoDBError.Kind]
    /// From the first attempt to the decoded response, waits included.
    public let duration: Duration
    /// Body bytes sent, over all attempts.
    public let requestBytes: Int
    /// Body bytes received, over all attempts.
    public let responseBytes: Int

    /// Attempts made, at least one.
    public var attempts: Int { retriedFailures.count + 1 }

    /// Describes a call.
    public init(
        operation: String,
        failure: DynamoDBError.Kind?,
        retriedFailures: [DynamoDBError.Kind],
        duration: Duration,
        requestBytes: Int,
        responseBytes: Int
    ) {
        self.operation = operation
        self.failure = failure
        self.retriedFailures = retriedFailures
        self.duration = duration
        self.requestBytes = requestBytes
        self.responseBytes = responseBytes
    }
}

/// Hears of every finished call: for metrics and logs.
public protocol DynamoDBCallObserver: Sendable {
    /// Called on the task that made the call, before it gets its response: return at once.
    func finished(_ call: DynamoDBCall)
}
