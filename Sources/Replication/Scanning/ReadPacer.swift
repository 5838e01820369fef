import Basics
import DynamoDBClient
import Synchronization
import TableModel

/// Holds reads of the table to a rate of read capacity units, and their pages to a size that fits it. The rate falls when the table
/// throttles, for all readers that share the pacer.
final class ReadPacer: Sendable {
    /// The right to make one call.
    struct Permit: Sendable {
        /// Units taken from the budget for it.
        let reserved: Double
        /// Items that its page may have; nil for DynamoDB's own bound of 1 MB.
        let limit: Int?
        /// The permit where there is no budget.
        static let free = Permit(reserved: 0, limit: nil)
    }

    private struct State {
        var rate: ScanRate
        /// Nil while there is no bound.
        var budget: CapacityBudget?
        var consumption = RecentConsumption()
        var units = 0.0
        var items = 0
        var lastUnits: Double?

        init(_ rate: ScanRate, at now: Duration) {
            self.rate = rate
            budget = rate.unitsPerSecond.map { CapacityBudget(unitsPerSecond: $0, at: now) }
        }

        mutating func permitForPage(at now: Duration) -> (Permit, Duration) {
            guard let rate = budget?.rate else { return (.free, .zero) }
            let target = min(ReadPacer.unitsPerFullPage, rate)
            guard target < ReadPacer.unitsPerFullPage else {
                let guess = lastUnits ?? target
                return (Permit(reserved: guess, limit: nil), budget?.reserve(guess, at: now) ?? .zero)
            }
            // Small pages until their cost is known: a first page of large items must not use up minutes of the budget.
            let unitsPerItem = items > 0 ? max(0.01, units / Double(items)) : 1
            let permit = Permit(reserved: target, limit: max(1, Int(target / unitsPerItem)))
            return (permit, budget?.reserve(target, at: now) ?? .zero)
        }

        mutating func settle(_ permit: Permit, units consumed: Double, items count: Int, at now: Duration) {
            budget?.settle(permit.reserved, consumed: consumed, at: now)
            consumption.add(consumed, at: now)
            rate.succeeded(at: now)
            adopt(at: now)
            guard count > 0 else { return }
            units += consumed
            items += count
            lastUnits = consumed
        }

        mutating func failed(_ permit: Permit, isThrottled: Bool, at now: Duration) {
            budget?.settle(permit.reserved, consumed: 0, at: now)
            guard isThrottled else { return }
            rate.throttled(at: now, consumed: consumption.unitsPerSecond(at: now))
            adopt(at: now)
        }

        private mutating func adopt(at now: Duration) {
            guard let units = rate.unitsPerSecond else { return }
            if budget == nil { budget = CapacityBudget(unitsPerSecond: units, at: now) }
            if budget?.rate != units { budget?.change(to: units, at: now) }
        }
    }

    /// A page of 1 MB, strongly consistent, one unit for each 4 KB (DynamoDB developer guide, "Read consistency").
    static let unitsPerFullPage = 256.0

    private let state: Mutex<State>
    private let time: TimeSource

    /// A pacer that begins at `rate`.
    init(_ rate: ScanRate, time: TimeSource) {
        self.time = time
        state = Mutex(State(rate, at: time.continuous()))
    }

    /// The present bound, units a second, rounded up; nil without one.
    var unitsPerSecond: Int? { state.withLock { $0.rate.wholeUnits } }

    /// Waits until a page of a scan may be requested. Throws `CancellationError`.
    func permitForPage() async throws -> Permit {
        let (permit, wait) = state.withLock { $0.permitForPage(at: time.continuous()) }
        if wait > .zero { try await time.sleep(wait) }
        return permit
    }

    /// Waits until `items` single items may be read. Throws `CancellationError`.
    func permitForItems(_ items: Int) async throws -> Permit {
        let wait = state.withLock { $0.budget?.reserve(Double(items), at: time.continuous()) }
        guard let wait else { return .free }
        if wait > .zero { try await time.sleep(wait) }
        return Permit(reserved: Double(items), limit: nil)
    }

    /// The call has consumed `units` and brought `items`.
    func settle(_ permit: Permit, units: Double, items: Int) {
        state.withLock { $0.settle(permit, units: units, items: items, at: time.continuous()) }
    }

    /// The call failed and consumed nothing.
    func settle(_ permit: Permit, failed error: DynamoDBError) {
        state.withLock { $0.failed(permit, isThrottled: error.kind == .throttled, at: time.continuous()) }
    }
}

/// Units that were consumed in the present second and in the one before. Pure: the caller gives the time.
private struct RecentConsumption {
    private var second: Duration = .zero
    private var present = 0.0
    private var before = 0.0

    mutating func add(_ units: Double, at now: Duration) {
        advance(to: now)
        present += units
    }

    /// About the units a second of late.
    mutating func unitsPerSecond(at now: Duration) -> Double {
        advance(to: now)
        return max(present, before)
    }

    private mutating func advance(to now: Duration) {
        let passed = now - second
        guard passed >= .seconds(1) else { return }
        before = passed < .seconds(2) ? present : 0
        present = 0
        second = .seconds(now.wholeSeconds)
    }
}

extension ScanPage {
    /// Read capacity units: as the endpoint says, or by AWS's rule for a strongly consistent read of so many bytes.
    var units: Double { consumedCapacity ?? Double(max(1, (items.arena.count + 4_095) / 4_096)) }
}

extension Item {
    /// Read capacity units of a strongly consistent read of this item alone.
    var units: Double { Double(max(1, (packed.count + 4_095) / 4_096)) }
}
