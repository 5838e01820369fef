import Basics

/// The service's clock, by the Date fields of its responses (RFC 9110 section 6.6.1) and the continuous clock.
///
/// A Date names a second, and was written between the request and its response. So each response bounds the offset between the
/// two clocks; the bounds of some minutes together leave about a second. A response that contradicts the earlier ones wins: the
/// service's clock was set.
struct ServiceClock: Sendable {
    /// Bounds, in milliseconds, of what the service's clock showed at the continuous clock's zero.
    private struct Window: Sendable {
        var earliest: Int64
        var latest: Int64
        let began: Duration
        var newest: Duration
        /// The reading of this machine's wall clock at the continuous clock's zero.
        let wallOffset: Int64

        /// Both at once; nil when they contradict each other.
        func narrowed(by other: Window) -> Window? {
            var window = self
            window.earliest = max(earliest, other.earliest)
            window.latest = min(latest, other.latest)
            window.newest = max(newest, other.newest)
            return window.earliest <= window.latest ? window : nil
        }
    }

    /// A Date names a whole second, and servers renew theirs about once a second.
    private static let resolution: Int64 = 1_999
    /// Milliseconds. When the wall clock and the continuous clock part by more than this, the wall clock was set, or a hypervisor
    /// paused this machine, which the continuous clock may not count. Earlier bounds cannot be trusted after that.
    private static let step: Int64 = 5_000

    private let maximumAge: Duration
    private var settled: Window?
    private var growing: Window?

    /// A clock that knows nothing. A bound is used for `maximumAge` after its response, and for at most three times as long.
    init(maximumAge: Duration) { self.maximumAge = maximumAge }

    /// Takes the Date of a response, in seconds since 1970 UTC, and when the request was sent and the response was complete.
    mutating func note(date: Int64, sent: Duration, received: Duration, wallMilliseconds: Int64) {
        let sample = Window(
            earliest: date * 1_000 - received.wholeMilliseconds - 1,
            latest: date * 1_000 + Self.resolution - sent.wholeMilliseconds,
            began: received,
            newest: received,
            wallOffset: wallMilliseconds - received.wholeMilliseconds
        )
        guard let known = growing, abs(known.wallOffset - sample.wallOffset) <= Self.step,
            let narrowed = known.narrowed(by: sample)
        else {
            settled = nil
            growing = sample
            return
        }
        growing = narrowed
        if received - known.began > maximumAge {
            settled = narrowed
            growing = sample
        }
    }

    /// The service's time at a moment; nil when no response was recent enough.
    func reading(at moment: Duration, wallMilliseconds: Int64) -> ServiceTime? {
        guard let growing, moment - growing.newest <= maximumAge,
            abs(wallMilliseconds - moment.wholeMilliseconds - growing.wallOffset) <= Self.step
        else { return nil }
        let window = settled.flatMap(growing.narrowed(by:)) ?? growing
        return ServiceTime(
            earliest: window.earliest + moment.wholeMilliseconds,
            latest: window.latest + moment.wholeMilliseconds + 1
        )
    }
}
