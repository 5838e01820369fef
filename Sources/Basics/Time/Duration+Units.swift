extension Duration {
    /// Whole seconds, rounded towards zero.
    package var wholeSeconds: Int64 { components.seconds }

    /// Whole milliseconds, rounded towards zero; the nearest that an Int64 holds beyond 292 million years.
    package var wholeMilliseconds: Int64 { whole(unitsPerSecond: 1_000) }

    /// Whole microseconds, rounded towards zero; the nearest that an Int64 holds beyond 292,000 years.
    package var wholeMicroseconds: Int64 { whole(unitsPerSecond: 1_000_000) }

    /// Whole nanoseconds, rounded towards zero; 146 years at most, so that a reading of a clock and a time-out can be added.
    package var wholeNanoseconds: Int64 { min(.max / 2, max(.min / 2, whole(unitsPerSecond: 1_000_000_000))) }

    /// Milliseconds to wait before this duration has passed: rounded up, so that a wait that is left over is never one of 0, which
    /// would spin or, for libcurl, mean no limit. At most `Int32.max`, the longest that the system's calls take; 0 for none or less.
    package var millisecondsToWait: Int32 {
        guard self > .zero else { return 0 }
        let whole = wholeMilliseconds
        guard whole < Int32.max else { return .max }
        return Int32(whole) + (.milliseconds(whole) < self ? 1 : 0)
    }

    /// Seconds, for rates and metrics.
    package var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }

    private func whole(unitsPerSecond: Int64) -> Int64 {
        let (seconds, attoseconds) = components
        let (units, overflow) = seconds.multipliedReportingOverflow(by: unitsPerSecond)
        if overflow { return seconds < 0 ? .min : .max }
        let (sum, isBeyond) = units.addingReportingOverflow(attoseconds / (1_000_000_000_000_000_000 / unitsPerSecond))
        return isBeyond ? (seconds < 0 ? .min : .max) : sum
    }
}
