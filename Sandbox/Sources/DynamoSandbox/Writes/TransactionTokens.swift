/// The ClientRequestTokens of the last ten minutes: a transaction sent again is answered, and not done again.
struct TransactionTokens: Sendable {
    private struct Use {
        let fingerprint: Int
        let at: Int64
    }

    private var uses: [String: Use] = [:]

    /// Whether a transaction with this token and these actions was done already. Other actions under its token are an error.
    func wasDone(_ token: String, _ actions: [JSONValue], now: Int64) throws(SandboxError) -> Bool {
        guard let use = uses[token], now - use.at < SandboxLimits.tokenMilliseconds else { return false }
        guard use.fingerprint == actions.hashValue else {
            throw SandboxError(
                "IdempotentParameterMismatchException",
                "The request uses the same client token as a previous, but non-identical request."
            )
        }
        return true
    }

    mutating func keep(_ token: String, _ actions: [JSONValue], now: Int64) {
        if uses.count >= SandboxLimits.tokens {
            uses = uses.filter { now - $0.value.at < SandboxLimits.tokenMilliseconds }
        }
        // Full of young tokens: forgetting them all lets a retry be done twice, holding them all would grow for ever.
        if uses.count >= SandboxLimits.tokens { uses.removeAll() }
        uses[token] = Use(fingerprint: actions.hashValue, at: now)
    }
}
