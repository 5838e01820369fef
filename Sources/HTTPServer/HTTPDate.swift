import Basics
import Glibc

/// The current time as an IMF-fixdate (RFC 9110 section 5.6.7), made once a second.
struct HTTPDate {
    /// 29 bytes: `Sun, 06 Nov 1994 08:49:37 GMT`.
    private(set) var bytes: [UInt8] = []
    private var second: time_t = -1
    /// Seconds since 1970 UTC; nil takes the system's.
    private let clock: (@Sendable () -> Int)?

    init(clock: (@Sendable () -> Int)? = nil) { self.clock = clock }

    /// Brings `bytes` up to date. Costs one reading of the coarse clock, unless the second has changed.
    mutating func refresh() {
        let present = clock?() ?? Int(SystemClock.coarseWallSeconds())
        guard present != second else { return }
        second = present
        bytes = Self.format(second)
    }

    /// The date of a Unix time.
    static func format(_ time: time_t) -> [UInt8] {
        var time = time
        var parts = tm()
        gmtime_r(&time, &parts)
        let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let day =
            "\(days[Int(parts.tm_wday)]), \(two(parts.tm_mday)) \(months[Int(parts.tm_mon)]) \(parts.tm_year + 1900)"
        return Array("\(day) \(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)) GMT".utf8)
    }
}
