/// Nanoseconds of `SystemClock.suspending`. Deadlines are counted in them: a connection that could not be served during a suspend
/// keeps the time that it had left.
typealias Instant = Int64
