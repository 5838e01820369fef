import Testing

@testable import DynamoDBClient

@Suite struct RetryPolicyTests {
    private let policy = RetryPolicy(
        maximumAttempts: 9,
        base: .milliseconds(100),
        throttledBase: .milliseconds(400),
        cap: .seconds(1),
        maximumElapsed: .seconds(100)
    )

    @Test("the bound of a wait doubles from the base to the cap, and throttling begins higher")
    func bounds() {
        let bounds = (1...6).map { policy.delay(afterAttempt: $0, kind: .transient, random: 1) }
        #expect(bounds == [100, 200, 400, 800, 1_000, 1_000].map { Duration.milliseconds($0) })
        #expect(policy.delay(afterAttempt: 1, kind: .throttled, random: 1) == .milliseconds(400))
        #expect(policy.delay(afterAttempt: 1_000_000, kind: .throttled, random: 1) == .seconds(1))
    }

    @Test("the jitter is full: any wait from nothing to the bound")
    func jitter() {
        #expect(policy.delay(afterAttempt: 2, kind: .transient, random: 0) == .zero)
        #expect(policy.delay(afterAttempt: 2, kind: .transient, random: 0.25) == .milliseconds(50))
    }
}

@Suite struct RetryBudgetTests {
    @Test("retries stop when the tokens are spent, and successes bring them back, up to the capacity")
    func tokens() {
        let budget = RetryBudget(capacity: 12)
        #expect(budget.pay())
        #expect(budget.pay())
        #expect(!budget.pay())
        for _ in 0..<3 { budget.refund(retried: false) }
        #expect(budget.pay())
        #expect(!budget.pay())
        budget.refund(retried: true)
        #expect(budget.pay())
        for _ in 0..<100 { budget.refund(retried: true) }
        #expect(budget.pay() && budget.pay())
        #expect(!budget.pay())
    }
}

@Suite struct ThrottledAttemptsTests {
    @Test("a caller that slows down by itself hears of throttling at once, and other failures are retried as usual")
    func attempts() {
        var policy = RetryPolicy(maximumAttempts: 4, maximumElapsed: .seconds(1))
        #expect(policy.attempts(.throttled) == 4)
        policy.maximumThrottledAttempts = 1
        #expect(policy.attempts(.throttled) == 1)
        #expect(policy.attempts(.transient) == 4)
        policy.maximumThrottledAttempts = 9
        #expect(policy.attempts(.throttled) == 4)
    }
}

@Suite struct RetryProgressTests {
    private func error(_ kind: DynamoDBError.Kind) -> DynamoDBError {
        DynamoDBError(kind: kind, operation: "", subject: "", code: "", message: "", hint: "")
    }

    private func progress(
        attempts: Int = 3,
        elapsed: Duration = .seconds(10),
        budget: Int = 100,
        time: FakeTime = FakeTime()
    ) -> RetryProgress {
        RetryProgress(
            policy: RetryPolicy(maximumAttempts: attempts, base: .milliseconds(100), maximumElapsed: elapsed),
            budget: RetryBudget(capacity: budget),
            time: time.source
        )
    }

    @Test("gives up after the last attempt")
    func attempts() {
        var progress = progress(attempts: 3)
        #expect(progress.next(after: error(.transient)) == .wait(.milliseconds(50)))
        #expect(progress.next(after: error(.malformed)) == .wait(.milliseconds(100)))
        #expect(progress.next(after: error(.transient)) == .giveUp)
        #expect(progress.failures == [.transient, .malformed])
    }

    @Test("gives up when the next attempt would begin too late")
    func elapsed() {
        let time = FakeTime()
        var progress = progress(elapsed: .seconds(1), time: time)
        time.advance(.milliseconds(951))
        #expect(progress.next(after: error(.transient)) == .giveUp)
    }

    @Test("gives up without a token")
    func budget() {
        var progress = progress(attempts: 9, budget: 5)
        #expect(progress.next(after: error(.transient)) != .giveUp)
        #expect(progress.next(after: error(.transient)) == .giveUp)
    }

    @Test("expired credentials are renewed once, whatever the policy")
    func credentials() {
        var progress = progress(attempts: 1, budget: 0)
        #expect(progress.next(after: error(.expiredCredentials)) == .replaceCredentials)
        #expect(progress.next(after: error(.expiredCredentials)) == .giveUp)
    }

    @Test(
        "what asking again cannot mend is not asked again",
        arguments: [.expiredIterator, .trimmed, .notFound, .accessDenied, .fatal, .cancelled] as [DynamoDBError.Kind]
    )
    func notRetryable(kind: DynamoDBError.Kind) {
        var progress = progress()
        #expect(progress.next(after: error(kind)) == .giveUp)
    }
}
