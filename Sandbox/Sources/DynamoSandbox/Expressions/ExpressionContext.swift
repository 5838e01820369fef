/// The parameter that an expression came in: the frame of its errors.
enum ExpressionContext: String, Sendable {
    case condition = "ConditionExpression"
    case filter = "FilterExpression"
    case keyCondition = "KeyConditionExpression"
    case update = "UpdateExpression"
    case projection = "ProjectionExpression"

    func error(_ message: String) -> SandboxError {
        SandboxError.validation("Invalid \(rawValue): \(message)")
    }
}
