import Basics
import DynamoSandbox

/// The replica's time, told by the sandbox's clock, which runs ten times as fast as the system's and is moved by tests: what passes for
/// a minute passes for the endpoint and for the replica.
struct FastTime: Sendable {
    static let rate = 10
    /// How long the replica's machine has been up when a test begins, in milliseconds: longer than a stream keeps records.
    static let uptime: Int64 = 40 * 24 * 3_600_000

    let clock = SandboxClock.running(times: FastTime.rate)
    /// How far the replica's wall clock is from the endpoint's.
    var skew: Duration = .zero

    var source: TimeSource {
        let clock = clock
        let begin = clock.now - FastTime.uptime
        let skew = skew.components.seconds * 1_000
        return TimeSource(
            continuous: { .milliseconds(clock.now - begin) },
            wallMilliseconds: { clock.now + skew },
            sleep: { duration in
                // In short steps, since the clock may be moved meanwhile. It counts milliseconds, so the end is in the next one.
                let (seconds, attoseconds) = duration.components
                let end = clock.now + seconds * 1_000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
                while case let rest = end - clock.now, rest > 0 {
                    try await Task.sleep(for: .milliseconds(min(max(rest / clock.rate, 1), 10)))
                }
            },
            random: { Double.random(in: 0..<1) }
        )
    }
}
