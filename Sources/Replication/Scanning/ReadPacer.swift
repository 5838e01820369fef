import Basics
import DynamoDBClient
import Synchronization
import TableModel

/// Holds reads of the table to a budget of read capacity units, and their pages to a size that fits it.
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
        var budget: CapacityBudget
        var units = 0.0
        var items = 0
        var lastUnits: Double?

        init(budget: CapacityBudget) { self.budget = budget }

        mutating func permitForPage(at now: Duration) -> (Permit, Duration) {
            let target = min(ReadPacer.unitsPerFullPage, budget.rate)
            guard target < ReadPacer.unitsPerFullPage else {
                let guess = lastUnits ?? target
                return (Permit(reserved: guess, limit: nil), budget.reserve(guess, at: now))
            }
            // Small pages until their cost is known: a first page of large items must not use up minutes of the budget.
            let unitsPerItem = items > 0 ? max(0.01, units / Double(items)) : 1
            let permit = Permit(reserved: target, limit: max(1, Int(target / unitsPerItem)))
            return (permit, budget.reserve(target, at: now))
        }

        mutating func settle(_ permit: Permit, units consumed: Double, items count: Int, at now: Duration) {
            budget.settle(permit.reserved, consumed: consumed, at: now)
            guard count > 0 else { return }
            units += consumed
            items += count
            lastUnits = consumed
        }
    }

    /// A page of 1 MB, strongly consistent, one unit for each 4 KB (DynamoDB developer guide, "Read consistency").
    static let unitsPerFullPage = 256.0

    /// Nil without a budget.
    private let state: Mutex<State?>
    private let time: TimeSource

    /// Without `unitsPerSecond` every call gets a permit at once.
    init(unitsPerSecond: Int?, time: TimeSource) {
        self.time = time
        state = Mutex(
            unitsPerSecond.map { State(budget: CapacityBudget(unitsPerSecond: $0, at: time.continuous())) }
        )
    }

    /// Waits until a page of a scan may be requested. Throws `CancellationError`.
    func permitForPage() async throws -> Permit {
        let (permit, wait) = state.withLock { $0?.permitForPage(at: time.continuous()) } ?? (.free, .zero)
        if wait > .zero { try await time.sleep(wait) }
        return permit
    }

    /// Waits until `items` single items may be read. Throws `CancellationError`.
    func permitForItems(_ items: Int) async throws -> Permit {
        let wait = state.withLock { $0?.budget.reserve(Double(items), at: time.continuous()) }
        guard let wait else { return .free }
        if wait > .zero { try await time.sleep(wait) }
        return Permit(reserved: Double(items), limit: nil)
    }

    /// The call has consumed `units` and brought `items`.
    func settle(_ permit: Permit, units: Double, items: Int) {
        state.withLock { $0?.settle(permit, units: units, items: items, at: time.continuous()) }
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
