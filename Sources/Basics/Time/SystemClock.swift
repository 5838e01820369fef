import Glibc

/// The machine's three clocks. Choose by what is measured:
///
/// | clock | kernel clock | during a suspend | jumps | measures |
/// |---|---|---|---|---|
/// | `continuous` | CLOCK_BOOTTIME | runs on | no | the age of data: lag, evidence, iterators, tokens, silence of a peer that runs on without us |
/// | `suspending` | CLOCK_MONOTONIC | stands still | no | the work of this process: time-outs of connections, turns of an event loop, the time that a stop may take |
/// | `wall` | CLOCK_REALTIME | runs on | when it is set | times that others read: records, logs, `Date`, the saved state |
///
/// A table changes while this machine is suspended, so an age by the suspending clock would call old data fresh. A connection cannot
/// be served during a suspend, so a deadline by the continuous clock would close connections that nobody had the chance to serve.
///
/// A hypervisor that pauses or migrates a virtual machine may stop all three. After that only the wall clock, once it has been set
/// right, shows the time that has passed; `StreamMachine` compares it with the continuous clock for that reason.
package enum SystemClock {
    /// Time since the machine started, suspends included; never goes back.
    package static func continuous() -> Duration { duration(of: CLOCK_BOOTTIME) }

    /// Time since the machine started, suspends left out; never goes back.
    package static func suspending() -> Duration { duration(of: CLOCK_MONOTONIC) }

    /// `suspending` in nanoseconds, for paths that read the clock at every turn.
    package static func suspendingNanoseconds() -> Int64 {
        let time = read(CLOCK_MONOTONIC)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    /// Milliseconds since 1970 UTC.
    package static func wallMilliseconds() -> Int64 { wallMicroseconds() / 1_000 }

    /// Microseconds since 1970 UTC.
    package static func wallMicroseconds() -> Int64 {
        let time = read(CLOCK_REALTIME)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000
    }

    /// Seconds since 1970 UTC, up to a few milliseconds late: the cheapest reading, for the `Date` field of each response.
    package static func coarseWallSeconds() -> Int64 { Int64(read(CLOCK_REALTIME_COARSE).tv_sec) }

    private static func duration(of clock: clockid_t) -> Duration {
        let time = read(clock)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }

    private static func read(_ clock: clockid_t) -> timespec {
        var time = timespec()
        clock_gettime(clock, &time)
        return time
    }
}
