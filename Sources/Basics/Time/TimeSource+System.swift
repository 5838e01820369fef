import Glibc

extension TimeSource {
    /// The system's clocks, `Task.sleep` and random numbers.
    public static let system = TimeSource(
        monotonic: {
            var now = timespec()
            // Goes on while the machine is suspended, as what Task.sleep waits by does, and as the table does.
            clock_gettime(CLOCK_BOOTTIME, &now)
            return .seconds(now.tv_sec) + .nanoseconds(now.tv_nsec)
        },
        wallMilliseconds: {
            var now = timespec()
            clock_gettime(CLOCK_REALTIME, &now)
            return Int64(now.tv_sec) * 1_000 + Int64(now.tv_nsec) / 1_000_000
        },
        sleep: { duration in try await Task.sleep(for: duration) },
        random: { Double.random(in: 0..<1) }
    )
}
