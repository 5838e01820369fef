package import Basics
import Synchronization

/// AWS's clock as its responses tell it, for signatures: this machine's own may be hours off, and AWS rejects signatures that are some
/// minutes old. Shared by all who call AWS.
package final class AWSClock: ServiceTimekeeper {
    /// Where the time comes from, for those who wait and measure beside this clock.
    let time: TimeSource
    private let clock: Mutex<ServiceClock>

    /// A clock that knows nothing yet. A response's Date is used for `maximumAge`.
    package init(time: TimeSource, maximumAge: Duration) {
        self.time = time
        clock = Mutex(ServiceClock(maximumAge: maximumAge))
    }

    /// AWS's time, by the Date fields of the responses of the last minutes; nil without any.
    package var serviceTime: ServiceTime? {
        clock.withLock { $0.reading(at: time.continuous(), wallMilliseconds: time.wallMilliseconds()) }
    }

    /// The time to sign with, milliseconds since 1970 UTC: this machine's as long as nothing contradicts it.
    package var milliseconds: Int64 { time.wallMilliseconds() - (skewMilliseconds ?? 0) }

    /// How far this machine's clock is ahead of AWS's, at least; negative when it is behind, nil while unknown.
    package var skewMilliseconds: Int64? {
        guard let known = serviceTime else { return nil }
        let wall = time.wallMilliseconds()
        if wall < known.earliest { return wall - known.earliest }
        return max(0, wall - known.latest)
    }

    /// Takes the Date of a response, in seconds since 1970 UTC, and when the request was sent and the response was complete.
    func note(date: Int64, sent: Duration, received: Duration) {
        let wall = time.wallMilliseconds()
        clock.withLock { $0.note(date: date, sent: sent, received: received, wallMilliseconds: wall) }
    }
}
