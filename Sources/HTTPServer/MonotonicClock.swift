import Glibc

/// Nanoseconds of CLOCK_MONOTONIC: what deadlines are counted in.
typealias Instant = Int64

enum MonotonicClock {
    static func now() -> Instant {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Instant(time.tv_sec) * 1_000_000_000 + Instant(time.tv_nsec)
    }
}

extension Duration {
    /// Whole nanoseconds, saturated at some 290 years.
    var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? (seconds < 0 ? .min : .max / 2) : min(product, .max / 2) + attoseconds / 1_000_000_000
    }
}
