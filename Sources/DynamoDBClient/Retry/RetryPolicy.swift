import Basics

/// How often and how patiently a call is repeated: exponential backoff with full jitter (AWS Architecture Blog,
/// "Exponential Backoff And Jitter").
public struct RetryPolicy: Sendable, Hashable {
    /// Attempts in all, the first included.
    public var maximumAttempts: Int
    /// Attempts in all while the service throttles, for a caller that slows down by itself; nil for as many as after other failures.
    public var maximumThrottledAttempts: Int?
    /// The longest first wait after a transient failure; it doubles with every attempt.
    public var base: Duration
    /// The longest first wait after throttling, where coming back soon is what is not wanted.
    public var throttledBase: Duration
    /// The longest wait.
    public var cap: Duration
    /// No further attempt begins later than this after the first began.
    public var maximumElapsed: Duration
    /// The longest that one attempt may take; `DynamoDBClientLimits.totalTimeout` bounds it too.
    public var attemptTimeout: Duration

    /// Describes a policy.
    public init(
        maximumAttempts: Int,
        base: Duration = .milliseconds(50),
        throttledBase: Duration = .milliseconds(200),
        cap: Duration = .seconds(5),
        maximumElapsed: Duration,
        attemptTimeout: Duration = .seconds(30)
    ) {
        self.maximumAttempts = maximumAttempts
        self.base = base
        self.throttledBase = throttledBase
        self.cap = cap
        self.maximumElapsed = maximumElapsed
        self.attemptTimeout = attemptTimeout
    }

    /// Attempts in all after a failure of `kind`.
    func attempts(_ kind: DynamoDBError.Kind) -> Int {
        kind == .throttled ? min(maximumThrottledAttempts ?? maximumAttempts, maximumAttempts) : maximumAttempts
    }

    /// The wait before another attempt: `random` (0..<1) of the bound for `attempt` failures so far.
    func delay(afterAttempt attempt: Int, kind: DynamoDBError.Kind, random: Double) -> Duration {
        let backoff = ExponentialBackoff(base: kind == .throttled ? throttledBase : base, cap: cap)
        return backoff.wait(failures: attempt - 1, fraction: random)
    }
}

/// The policies of a client's operations.
public struct RetryPolicies: Sendable, Hashable {
    /// DescribeTable: somebody waits for the response, and should hear of trouble within 10 s.
    public var interactive: RetryPolicy
    /// Scan and BatchGetItem: a page is part of a long job, and repeating it costs less than beginning the job again.
    public var scan: RetryPolicy
    /// DescribeStream, GetShardIterator and GetRecords: the caller keeps a backoff for each shard, so give up early.
    public var streams: RetryPolicy

    /// Describes the policies; each has a default that suits a replica.
    public init(
        interactive: RetryPolicy = RetryPolicy(
            maximumAttempts: 6,
            cap: .seconds(1),
            maximumElapsed: .seconds(4),
            attemptTimeout: .seconds(4)
        ),
        scan: RetryPolicy = RetryPolicy(maximumAttempts: 10, maximumElapsed: .seconds(60)),
        streams: RetryPolicy = RetryPolicy(
            maximumAttempts: 2,
            maximumElapsed: .seconds(2),
            attemptTimeout: .seconds(10)
        )
    ) {
        self.interactive = interactive
        self.scan = scan
        self.streams = streams
    }
}
