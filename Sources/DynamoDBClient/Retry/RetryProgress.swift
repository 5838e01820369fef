import Basics

/// The attempts of one call so far, and what is to be done after a failed one.
struct RetryProgress {
    enum Step: Sendable, Hashable {
        /// The failure is the call's outcome.
        case giveUp
        /// Look for other credentials, and try at once with them. Only once in a call.
        case replaceCredentials
        /// Try at once, with the time of the response. Only once in a call.
        case correctTime
        /// Try again after this long.
        case wait(Duration)
    }

    private let policy: RetryPolicy
    private let budget: RetryBudget
    private let time: TimeSource
    private let began: Duration
    private var hasReplaced = false
    private var hasCorrectedTime = false
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
        if error.isClockTrouble {
            guard !hasCorrectedTime else { return .giveUp }
            hasCorrectedTime = true
            failures.append(error.kind)
            return .correctTime
        }
        if error.rejectsCredentials {
            guard !hasReplaced else { return .giveUp }
            hasReplaced = true
            failures.append(error.kind)
            return .replaceCredentials
        }
        let attempts = failures.count + 1
        guard error.isRetryable, attempts < policy.attempts(error.kind) else { return .giveUp }
        let delay = policy.delay(afterAttempt: attempts, kind: error.kind, random: time.random())
        guard elapsed + delay <= policy.maximumElapsed, budget.pay() else { return .giveUp }
        failures.append(error.kind)
        return .wait(delay)
    }
}
