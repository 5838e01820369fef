extension DynamoDBError {
    /// Whether other credentials may help: those used have expired, or the service does not know them.
    var rejectsCredentials: Bool {
        kind == .expiredCredentials || (Code.rejectedKeys.contains(code) && !isClockTrouble)
    }

    /// Whether the service took the time of the signature for wrong.
    var isClockTrouble: Bool { Self.isClockTrouble(code, message) }

    /// Whether an error of this name and with these words says so. Services name it in three ways, and one of them only in words.
    static func isClockTrouble(_ code: Code?, _ message: String) -> Bool {
        code == .skewedTime || message.contains("Signature expired") || message.contains("Signature not yet")
    }
}
