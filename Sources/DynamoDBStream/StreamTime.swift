/// One moment on both clocks: the machines never read a clock, they are told.
package struct StreamTime: Sendable, Hashable {
    /// Time since an arbitrary fixed point; never goes back. Deadlines and ages are measured on it.
    package var monotonic: Duration
    /// Milliseconds since 1970 UTC; may jump. Only compared with the creation times of records.
    package var wallMilliseconds: Int64

    /// Names a moment.
    package init(monotonic: Duration, wallMilliseconds: Int64) {
        self.monotonic = monotonic
        self.wallMilliseconds = wallMilliseconds
    }
}

extension Duration {
    /// The duration in whole milliseconds, cut off.
    package var wholeMilliseconds: Int64 {
        components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000
    }
}
