import Basics
package import DynamoDBClient

/// One moment on every clock: the machines never read a clock, they are told.
package struct StreamTime: Sendable, Hashable {
    /// Time since an arbitrary fixed point, by `TimeSource.continuous`. Deadlines and ages are measured on it.
    package var continuous: Duration
    /// Milliseconds since 1970 UTC by this machine's clock; may jump.
    package var wallMilliseconds: Int64
    /// The same by the service's clock, which stamps the records; nil where it is not known.
    package var service: ServiceTime?

    /// Names a moment.
    package init(continuous: Duration, wallMilliseconds: Int64, service: ServiceTime? = nil) {
        self.continuous = continuous
        self.wallMilliseconds = wallMilliseconds
        self.service = service
    }

    /// Milliseconds since 1970 UTC by the clock that stamps the records, as far as it is known; otherwise by this machine's. Only
    /// compared with the creation times of records.
    var recordMilliseconds: Int64 { service?.earliest ?? wallMilliseconds }
}
