import Basics
import Glibc

/// The current time as a Date field has it (RFC 9110 section 6.6.1), made once a second.
struct HTTPDate {
    /// 29 bytes: `Sun, 06 Nov 1994 08:49:37 GMT`.
    private(set) var bytes: [UInt8] = []
    private var second: Int?
    /// Seconds since 1970 UTC; nil takes the system's.
    private let clock: (@Sendable () -> Int)?

    init(clock: (@Sendable () -> Int)? = nil) { self.clock = clock }

    /// Brings `bytes` up to date. Costs one reading of the coarse clock, unless the second has changed.
    mutating func refresh() {
        let present = clock?() ?? Int(SystemClock.coarseWallSeconds())
        guard present != second else { return }
        second = present
        bytes.removeAll(keepingCapacity: true)
        IMFFixdate.append(Int64(present), to: &bytes)
    }
}
