import Basics
import Synchronization

/// The three clocks of a machine that a test runs, suspends and sets, so that they part from each other.
package final class SuspendableClocks: Sendable {
    private struct State {
        var suspending: Duration = .seconds(1_000)
        var suspended: Duration = .zero
        var wallOffset: Duration = .seconds(1_700_000_000)
    }

    private let state = Mutex(State())

    package init() {}

    /// As `SystemClock.continuous`.
    package var continuous: Duration { state.withLock { $0.suspending + $0.suspended } }

    /// As `SystemClock.suspending`.
    package var suspending: Duration { state.withLock { $0.suspending } }

    /// As `SystemClock.wallMilliseconds`.
    package var wallMilliseconds: Int64 {
        state.withLock { ($0.suspending + $0.suspended + $0.wallOffset).wholeMilliseconds }
    }

    /// Lets time pass while the machine runs.
    package func run(for duration: Duration) { state.withLock { $0.suspending += duration } }

    /// Lets time pass while the machine is suspended.
    package func suspend(for duration: Duration) { state.withLock { $0.suspended += duration } }
}
