import Basics

/// The read capacity units a second at which a table is read. Throttling halves it, and each second without adds a little: additive increase
/// and multiplicative decrease, by which readers that know nothing of each other come to share a capacity. Pure: the caller gives the time.
struct ScanRate: Sendable, Hashable {
    /// The least rate, at which the scan still ends some day.
    static let floor = 1.0
    /// The part that remains after a throttled call.
    static let decrease = 0.5
    /// The share of the rate at the last throttling that each second adds.
    static let increase = 0.05
    /// The least rate that a first throttling begins from, however little was consumed before it.
    static let leastBeforeThrottling = 200.0
    /// Calls that are throttled within this time of each other belong to one overload: segments read at once.
    static let interval: Duration = .seconds(1)

    /// Units a second; nil for no bound.
    private(set) var unitsPerSecond: Double?
    /// The same, rounded up.
    var wholeUnits: Int? { unitsPerSecond.map { Int(saturating: $0.rounded(.up)) } }
    /// The highest rate; nil for none.
    let ceiling: Double?
    /// Calls that were throttled.
    private(set) var throttledCalls = 0
    private var step = ScanRate.floor
    private var changedAt: Duration?
    private var lastWasThrottled = false

    /// `start` is nil for no bound until a call is throttled.
    init(start: Double?, ceiling: Double?) {
        unitsPerSecond = start
        self.ceiling = ceiling
        if let start { step = max(Self.floor, start * Self.increase) }
    }

    /// A call was throttled, while so many units a second were `consumed`: that counts where there was no bound.
    mutating func throttled(at now: Duration, consumed: Double) {
        throttledCalls += 1
        if let changedAt, lastWasThrottled, now - changedAt < Self.interval { return }
        let rate = unitsPerSecond ?? max(consumed, Self.leastBeforeThrottling)
        unitsPerSecond = max(Self.floor, rate * Self.decrease)
        step = max(Self.floor, rate * Self.increase)
        changedAt = now
        lastWasThrottled = true
    }

    /// A call succeeded.
    mutating func succeeded(at now: Duration) {
        guard let rate = unitsPerSecond, rate < ceiling ?? .infinity else { return }
        guard let since = changedAt else {
            changedAt = now
            return
        }
        let seconds = (now - since).inSeconds
        guard seconds >= Self.interval.inSeconds else { return }
        // After a pause it begins with one step, however long that was.
        unitsPerSecond = min(ceiling ?? .infinity, rate + step * min(seconds, 2))
        changedAt = now
        lastWasThrottled = false
    }
}
