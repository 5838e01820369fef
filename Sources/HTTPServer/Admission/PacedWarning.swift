import Basics
import Synchronization

/// A warning that an operator reads at most once a minute: under attack a limit is reached and left many times a second.
final class PacedWarning: Sendable {
    private static let interval: Instant = 60_000_000_000

    private let observer: (any HTTPServerObserver)?
    private let last = Mutex<Instant?>(nil)

    init(_ observer: (any HTTPServerObserver)?) { self.observer = observer }

    func warn(_ text: @autoclosure () -> String) {
        let now = SystemClock.suspendingNanoseconds()
        let isDue = last.withLock { last in
            if let last, now - last < Self.interval { return false }
            last = now
            return true
        }
        if isDue { observer?.serverWarning(text()) }
    }
}
