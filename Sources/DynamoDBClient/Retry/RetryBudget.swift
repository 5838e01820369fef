import Synchronization

/// A token bucket that bounds how much retries add to the load of a service in trouble.
///
/// A retry costs tokens and a call that succeeds without one gives a token back, so retries are plentiful while failures
/// are rare and stop when nearly everything fails (AWS SDKs and Tools Reference Guide, "Retry behavior", standard mode).
final class RetryBudget: Sendable {
    /// Tokens that one retry costs.
    static let cost = 5

    private let capacity: Int
    private let tokens: Mutex<Int>

    init(capacity: Int) {
        self.capacity = capacity
        tokens = Mutex(capacity)
    }

    /// Pays for a retry; false when there is not enough left.
    func pay() -> Bool {
        tokens.withLock { tokens in
            guard tokens >= Self.cost else { return false }
            tokens -= Self.cost
            return true
        }
    }

    /// A call succeeded: at its first attempt, or with the help of a retry, which is then paid back in full.
    func refund(retried: Bool) {
        tokens.withLock { $0 = min(capacity, $0 + (retried ? Self.cost : 1)) }
    }
}
