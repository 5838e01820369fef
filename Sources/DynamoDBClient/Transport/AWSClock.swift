package import Basics
import Synchronization

/// AWS's clock as its responses tell it, for signatures: this machine's own may be hours off, and AWS rejects signatures that are some
/// minutes old. Shared by all who call AWS.
package final class AWSClock: ServiceTimekeeper {
    /// Where the time comes from, for those who wait and measure beside this clock.
    let time: TimeSource
    private let clock: Mutex<ServiceClock>
    /// Whether AWS took a signature by this machine's clock for too old or too new.
    private let isCorrecting = Mutex(false)

    /// The time of a signature.
    struct SigningTime: Sendable, Hashable {
        /// Since 1970 UTC.
        let milliseconds: Int64
        /// Whether it is AWS's time and not this machine's.
        let isCorrected: Bool
    }

    /// A clock that knows nothing yet. A response's Date is used for `maximumAge`.
    package init(time: TimeSource, maximumAge: Duration) {
        self.time = time
        clock = Mutex(ServiceClock(maximumAge: maximumAge))
    }

    /// AWS's time, by the Date fields of the responses of the last minutes; nil without any.
    package var serviceTime: ServiceTime? {
        clock.withLock { $0.reading(at: time.continuous(), wallMilliseconds: time.wallMilliseconds()) }
    }

    /// The time, milliseconds since 1970 UTC: this machine's until AWS rejects a signature for it.
    package var milliseconds: Int64 { signingTime.milliseconds }

    /// The time to sign with. A Date alone corrects nothing: a proxy on the way may have put its own there.
    var signingTime: SigningTime {
        let wall = time.wallMilliseconds()
        guard isCorrecting.withLock(\.self), let skew = skewMilliseconds else {
            return SigningTime(milliseconds: wall, isCorrected: false)
        }
        return SigningTime(milliseconds: wall - skew, isCorrected: true)
    }

    /// AWS rejected a signature for its time. The next ones are made by the other clock.
    func rejected(_ signed: SigningTime) { isCorrecting.withLock { $0 = !signed.isCorrected } }

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
