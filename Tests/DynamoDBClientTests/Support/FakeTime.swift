import Basics
import Synchronization

/// A clock that only waiting moves: `sleep` returns at once, having moved it.
final class FakeTime: Sendable {
    private let state = Mutex((now: Duration.zero, waits: [Duration]()))
    private let random: Double

    init(random: Double = 0.5) { self.random = random }

    var waits: [Duration] { state.withLock { $0.waits } }

    func advance(_ duration: Duration) { state.withLock { $0.now += duration } }

    var source: TimeSource {
        TimeSource(
            continuous: { [self] in state.withLock { $0.now } },
            wallMilliseconds: { [self] in state.withLock { Int64($0.now / .milliseconds(1)) } },
            sleep: { [self] duration in
                try Task.checkCancellation()
                state.withLock {
                    $0.now += duration
                    $0.waits.append(duration)
                }
            },
            random: { [random] in random }
        )
    }
}
