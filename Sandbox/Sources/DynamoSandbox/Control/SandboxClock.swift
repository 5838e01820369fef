import Basics
import Synchronization

/// The time the sandbox goes by: creation times, retention and the age of iterators. Tests move it instead of sleeping.
public final class SandboxClock: Sendable {
    private struct State {
        /// Milliseconds since 1970 UTC of a clock that stands still; nil for the system's.
        let fixed: Int64?
        var advanced: Int64 = 0
    }

    /// How many times faster than the system's this clock runs.
    public let rate: Int64
    private let birth: Int64

    private let state: Mutex<State>

    private init(fixed: Int64?, rate: Int64 = 1) {
        self.rate = rate
        birth = SystemClock.wallMicroseconds()
        state = Mutex(State(fixed: fixed))
    }

    /// A clock that follows the system's.
    public static func system() -> SandboxClock { SandboxClock(fixed: nil) }

    /// A clock that stands still at `milliseconds` since 1970 UTC until it is moved.
    public static func manual(at milliseconds: Int64 = 1_700_000_000_000) -> SandboxClock {
        SandboxClock(fixed: milliseconds)
    }

    /// A clock that begins with the system's time and runs `rate` times faster, so that seconds pass in a fraction of one.
    public static func running(times rate: Int) -> SandboxClock { SandboxClock(fixed: nil, rate: Int64(rate)) }

    /// Milliseconds since 1970 UTC.
    public var now: Int64 {
        let (fixed, advanced) = state.withLock { ($0.fixed, $0.advanced) }
        return (fixed ?? (birth + (SystemClock.wallMicroseconds() - birth) * rate) / 1_000) + advanced
    }

    /// Moves the clock; a system clock keeps running from there. A negative duration moves it back.
    public func advance(by duration: Duration) {
        state.withLock { $0.advanced += duration.wholeMilliseconds }
    }
}
