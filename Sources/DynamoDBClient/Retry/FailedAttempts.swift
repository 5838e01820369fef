/// The failures that a call repeats by itself, for a caller that gives it up before its outcome and has to say why.
package enum FailedAttempts {
    /// Hears of every failure that is followed by another attempt, of the calls that this task makes.
    @TaskLocal package static var observer: (@Sendable (DynamoDBError) -> Void)?
}
