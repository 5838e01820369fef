public import TableModel

/// An error as DynamoDB answers it: its code, its words, and for a cancelled transaction the reasons.
public struct SandboxError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Why one action of a transaction did not go through; code "None" for the ones that would have.
    public struct CancellationReason: Sendable, Hashable {
        /// `None`, `ConditionalCheckFailed`, `ValidationError`.
        public var code: String
        /// The sentence that goes with it.
        public var message: String?
        /// The item as it was, where the action asks for it.
        public var item: [AttributeName: AttributeValue]?
    }

    /// The HTTP status.
    public var status = 400
    /// The exception's name, for example `ValidationException`.
    public var code: String
    /// The sentence that goes with it.
    public var message: String
    /// For `TransactionCanceledException`: one reason per action, in request order.
    public var reasons: [CancellationReason] = []
    /// For `ConditionalCheckFailedException` with ReturnValuesOnConditionCheckFailure: the item as it was.
    public var item: [AttributeName: AttributeValue]?

    /// An error with nothing but its sentence.
    public init(_ code: String, _ message: String, status: Int = 400) {
        self.code = code
        self.message = message
        self.status = status
    }

    /// One line.
    public var description: String { "\(code): \(message)" }

    static func validation(_ message: String) -> SandboxError { SandboxError("ValidationException", message) }

    /// A parameter value that DynamoDB refuses in its usual frame.
    static func parameters(_ message: String) -> SandboxError {
        validation("One or more parameter values were invalid: \(message)")
    }

    /// A value outside the bounds of the service model.
    static func constraint(_ value: String, at member: String, _ rule: String) -> SandboxError {
        validation(
            "1 validation error detected: Value \(value) at '\(member)' failed to satisfy constraint: Member must \(rule)"
        )
    }

    private static let emptyKeyWords =
        "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty "

    /// A key attribute without content; `kind` is "string" or "binary".
    static func emptyKey(_ name: String, _ kind: String) -> SandboxError {
        validation("\(emptyKeyWords)\(kind) value. Key: \(name)")
    }

    /// Whether this is about an empty key, which refuses a whole transaction and cancels none.
    var isEmptyKey: Bool { message.hasPrefix(Self.emptyKeyWords) }

    static func serialization(_ message: String) -> SandboxError { SandboxError("SerializationException", message) }

    static func notFound(_ message: String = "") -> SandboxError {
        SandboxError(
            "ResourceNotFoundException",
            "Requested resource not found" + (message.isEmpty ? "" : ": \(message)")
        )
    }

    static func conditionFailed(_ item: [AttributeName: AttributeValue]?) -> SandboxError {
        var error = SandboxError("ConditionalCheckFailedException", "The conditional request failed")
        error.item = item
        return error
    }
}
