/// A failed call to DynamoDB or DynamoDB Streams: what was asked, of what, why it failed and what to do.
public struct DynamoDBError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The class of a failure, which decides what a caller does next.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// ThrottlingException, ProvisionedThroughputExceeded, LimitExceeded, RequestLimitExceeded: slow down and retry.
        case throttled
        /// 5xx, connection trouble, time-outs, HTML bodies from a proxy: retry.
        case transient
        /// ExpiredToken and its like: refresh credentials, then retry.
        case expiredCredentials
        /// ExpiredIteratorException: derive a new iterator from the position.
        case expiredIterator
        /// TrimmedDataAccessException: data older than the retention is gone.
        case trimmed
        /// ResourceNotFoundException: no such table, stream or shard.
        case notFound
        /// AccessDenied, UnrecognizedClient, InvalidSignature, missing credentials.
        case accessDenied
        /// A 200 whose body is not the response to the call (truncated, not JSON, failed checksum): retry the same call.
        case malformed
        /// Everything that asking again cannot mend (ValidationException).
        case fatal
        /// The calling task was cancelled or the client closed.
        case cancelled
    }

    /// The class that decides what happens next.
    public let kind: Kind
    /// The AWS operation, for example `GetRecords`.
    public let operation: String
    /// The table, stream, shard or endpoint it was about.
    public let subject: String
    /// The AWS error code, libcurl's error name or one of the client's own.
    public let code: Code
    /// The cause in words, bounded in length.
    public let message: String
    /// The advice to an operator.
    public let hint: String

    /// Describes a failed call.
    public init(kind: Kind, operation: String, subject: String, code: Code, message: String, hint: String) {
        self.kind = kind
        self.operation = operation
        self.subject = subject
        self.code = code
        self.message = message
        self.hint = hint
    }

    /// Whether the same call may succeed later without anybody's help.
    public var isRetryable: Bool {
        kind == .throttled || kind == .transient || kind == .malformed || kind == .expiredCredentials
    }

    /// One line for an operator.
    public var description: String {
        let sentence = "\(operation) \(subject) failed: \(code): \(message)"
        let ended = sentence.hasSuffix(".") ? sentence : sentence + "."
        return hint.isEmpty ? ended : "\(ended) \(hint)"
    }
}
