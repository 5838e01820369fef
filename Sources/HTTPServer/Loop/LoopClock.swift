/// Nanoseconds of `SystemClock.suspending`. Deadlines are counted in them: a connection that could not be served during a suspend
/// keeps the time that it had left.
typealias Instant = Int64

/// The time of one event loop, which holds for a whole turn.
final class LoopClock {
    private let read: () -> Instant
    /// When the turn began.
    private(set) var now: Instant

    /// `read` gives the suspending clock.
    init(_ read: @escaping () -> Instant) {
        self.read = read
        now = read()
    }

    func beginTurn() { now = read() }

    /// The time within a turn.
    func current() -> Instant { read() }
}
