import Basics

/// The attempts of one call so far, and what is to be done after a failed one.
struct RetryProgress {
    enum Step: Sendable, Hashable {
        /// The failure is the call's outcome.
        case giveUp
        /// Have the credentials read again, then try at once. Only once in a call.
        case refreshCredentials
        /// Try again after this long.
        case wait(Duration)
    }

    private let policy: RetryPolicy
    private let budget: RetryBudget
    private let time: TimeSource
    private let began: Duration
    private var hasRefreshed = false
    /// The failures that were followed by another attempt.
    private(set) var failures: [DynamoDBError.Kind] = []

    init(policy: RetryPolicy, budget: RetryBudget, time: TimeSource) {
        self.policy = policy
        self.budget = budget
        self.time = time
        began = time.continuous()
    }

    /// Time since the first attempt began.
    var elapsed: Duration { time.continuous() - began }

    /// Decides about another attempt, and pays for it.
    mutating func next(after error: DynamoDBError) -> Step {
        if error.kind == .expiredCredentials {
            guard !hasRefreshed else { return .giveUp }
            hasRefreshed = true
            failures.append(error.kind)
            return .refreshCredentials
        }
        let attempts = failures.count + 1
        guard error.isRetryable, attempts < policy.maximumAttempts else { return .giveUp }
        let delay = policy.delay(afterAttempt: attempts, kind: error.kind, random: time.random())
        guard elapsed + delay <= policy.maximumElapsed, budget.pay() else { return .giveUp }
        failures.append(error.kind)
        return .wait(delay)
    }
}
