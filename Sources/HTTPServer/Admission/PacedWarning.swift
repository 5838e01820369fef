import Basics
import Synchronization

/// Says when a warning is due. Under attack a limit is reached and left many times a second; the warning is repeated once a minute.
final class PacedWarning: Sendable {
    private static let interval: Instant = 60_000_000_000

    private let last = Mutex<Instant?>(nil)

    /// Whether to warn now; then not again for an interval.
    func isDue() -> Bool {
        let now = SystemClock.suspendingNanoseconds()
        return last.withLock { last in
            if let last, now - last < Self.interval { return false }
            last = now
            return true
        }
    }
}
