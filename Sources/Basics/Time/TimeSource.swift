/// Where the time and the waiting come from, so that tests move a clock instead of sleeping.
public struct TimeSource: Sendable {
    /// Time since an arbitrary fixed point; never goes back.
    public var monotonic: @Sendable () -> Duration
    /// Milliseconds since 1970 UTC; may jump.
    public var wallMilliseconds: @Sendable () -> Int64
    /// Suspends for a duration; throws `CancellationError` when the task is cancelled.
    public var sleep: @Sendable (Duration) async throws -> Void
    /// A number in 0..<1, for jitter.
    public var random: @Sendable () -> Double

    /// Names the four sources.
    public init(
        monotonic: @escaping @Sendable () -> Duration,
        wallMilliseconds: @escaping @Sendable () -> Int64,
        sleep: @escaping @Sendable (Duration) async throws -> Void,
        random: @escaping @Sendable () -> Double
    ) {
        self.monotonic = monotonic
        self.wallMilliseconds = wallMilliseconds
        self.sleep = sleep
        self.random = random
    }
}
