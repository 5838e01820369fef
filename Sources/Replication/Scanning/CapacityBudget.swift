import Basics

/// A token bucket of read capacity units: what is used up in a second, on the average, is at most the rate.
///
/// A call's cost is known only from its answer. So a guess is reserved before the call and corrected after it; a guess too low
/// leaves a debt that the calls after it wait for.
struct CapacityBudget: Sendable, Hashable {
    /// Units a second, which is also how many may be saved up.
    private(set) var rate: Double
    private var tokens: Double
    private var updatedAt: Duration

    /// A full bucket. `unitsPerSecond` is at least 1.
    init(unitsPerSecond: Double, at now: Duration) {
        rate = max(1, unitsPerSecond)
        tokens = rate
        updatedAt = now
    }

    /// Changes the rate. A debt stays, and no more than the new rate is saved up.
    mutating func change(to unitsPerSecond: Double, at now: Duration) {
        refill(now)
        rate = max(1, unitsPerSecond)
        tokens = min(rate, tokens)
    }

    /// Takes `units` out. Returns how long to wait before the call that they are for.
    mutating func reserve(_ units: Double, at now: Duration) -> Duration {
        refill(now)
        tokens -= units
        return tokens >= 0 ? .zero : .seconds(-tokens / rate)
    }

    /// The call for which `reserved` was taken out has consumed `units`.
    mutating func settle(_ reserved: Double, consumed units: Double, at now: Duration) {
        refill(now)
        tokens = min(rate, tokens + reserved - units)
    }

    private mutating func refill(_ now: Duration) {
        let elapsed = now - updatedAt
        guard elapsed > .zero else { return }
        updatedAt = now
        tokens = min(rate, tokens + rate * elapsed.inSeconds)
    }
}
