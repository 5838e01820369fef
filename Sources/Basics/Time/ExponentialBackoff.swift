/// Waits between attempts that fail: random up to a bound that doubles with each failure (AWS Architecture Blog, "Exponential Backoff
/// And Jitter"), so that callers that failed together do not come back together.
public struct ExponentialBackoff: Sendable, Hashable {
    /// The bound of the first wait.
    public var base: Duration
    /// The largest bound.
    public var cap: Duration
    /// The shortest wait.
    public var floor: Duration

    /// Waits of `floor` at least, and of `base * 2^failures` or `cap` at most.
    public init(base: Duration, cap: Duration, floor: Duration = .zero) {
        self.base = base
        self.cap = cap
        self.floor = floor
    }

    /// The longest wait after so many failures before the latest one.
    public func bound(failures: Int) -> Duration {
        // 2^30 times any base is beyond every cap, and well inside Duration.
        min(cap, base * (1 << min(max(failures, 0), 30)))
    }

    /// The wait after so many failures before the latest one; `fraction`, a random number in 0..<1, chooses within the bound.
    public func wait(failures: Int, fraction: Double) -> Duration { max(floor, bound(failures: failures) * fraction) }
}
