/// Decides which lines of a kind are logged: one in an interval, with the number of those left out since the last.
struct SparseLines {
    /// Trouble repeats with every retry; one line in this time says enough.
    static let troubleInterval: Duration = .seconds(10)

    var interval: Duration
    private var last: Duration?
    private var leftOut = 0

    /// `interval` is the least time between two lines.
    init(interval: Duration = troubleInterval) { self.interval = interval }

    /// How many lines were left out before this one, when it is logged; nil when it is left out too. `now` is a time of the continuous
    /// clock.
    mutating func next(at now: Duration) -> Int? {
        if let last, now - last < interval {
            leftOut += 1
            return nil
        }
        last = now
        defer { leftOut = 0 }
        return leftOut
    }
}
