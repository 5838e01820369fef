import Basics
import Synchronization

/// A clock that runs a number of times faster than the real one, so that seconds of the product pass in milliseconds of a test.
struct FastTime: Sendable {
    let factor: Int
    private let clock = ContinuousClock()
    private let start = ContinuousClock.now

    var now: Duration { (clock.now - start) * factor }

    /// A fixed day, so that the model's times and the replica's agree.
    var wallMilliseconds: Int64 {
        let now = now
        return 1_700_000_000_000 + now.wholeMilliseconds
    }

    var source: TimeSource {
        TimeSource(
            // Its machine has been up for longer than a stream keeps records.
            continuous: { .seconds(40 * 24 * 3_600) + now },
            wallMilliseconds: { wallMilliseconds },
            sleep: { duration in try await Task.sleep(for: duration / factor) },
            random: { Double.random(in: 0..<1) }
        )
    }
}
