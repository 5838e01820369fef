/// Where the time and the waiting come from, so that tests move a clock instead of sleeping.
public struct TimeSource: Sendable {
    /// Time since an arbitrary fixed point. It never goes back, and runs on while the machine is suspended, as the table does.
    public var continuous: @Sendable () -> Duration
    /// Milliseconds since 1970 UTC; may jump.
    public var wallMilliseconds: @Sendable () -> Int64
    /// Suspends for a duration; throws `CancellationError` when the task is cancelled.
    public var sleep: @Sendable (Duration) async throws -> Void
    /// A number in 0..<1, for jitter.
    public var random: @Sendable () -> Double

    /// Names the four sources.
    public init(
        continuous: @escaping @Sendable () -> Duration,
        wallMilliseconds: @escaping @Sendable () -> Int64,
        sleep: @escaping @Sendable (Duration) async throws -> Void,
        random: @escaping @Sendable () -> Double
    ) {
        self.continuous = continuous
        self.wallMilliseconds = wallMilliseconds
        self.sleep = sleep
        self.random = random
    }

    /// The system's clocks, `Task.sleep` and random numbers.
    public static let system = TimeSource(
        continuous: SystemClock.continuous,
        wallMilliseconds: SystemClock.wallMilliseconds,
        sleep: { duration in try await Task.sleep(for: duration) },
        random: { Double.random(in: 0..<1) }
    )
}
