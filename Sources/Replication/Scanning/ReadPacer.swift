import Basics
import DynamoDBClient
import Synchronization
import TableModel

/// Holds reads of the table to a budget of read capacity units, and their pages to a size that fits it.
final class ReadPacer: Sendable {
    /// Leave for one call.
    struct Leave: Sendable {
        /// Units taken from the budget for it.
        let reserved: Double
        /// Items that its page may have; nil for DynamoDB's own bound.
        let limit: Int?
        /// Where there is no budget.
        static let free = Leave(reserved: 0, limit: nil)
    }

    private struct State {
        var budget: CapacityBudget
        var units = 0.0
        var items = 0
        var lastUnits: Double?

        init(budget: CapacityBudget) { self.budget = budget }

        mutating func leaveForPage(at now: Duration) -> (Leave, Duration) {
            let target = min(ReadPacer.unitsPerFullPage, budget.rate)
            guard target < ReadPacer.unitsPerFullPage else {
                let guess = lastUnits ?? target
                return (Leave(reserved: guess, limit: nil), budget.reserve(guess, at: now))
            }
            // Small pages until their cost is known: a first page of large items must not use up minutes of the budget.
            let unitsPerItem = items > 0 ? max(0.01, units / Double(items)) : 1
            let leave = Leave(reserved: target, limit: max(1, Int(target / unitsPerItem)))
            return (leave, budget.reserve(target, at: now))
        }

        mutating func settle(_ leave: Leave, units consumed: Double, items count: Int, at now: Duration) {
            budget.settle(leave.reserved, consumed: consumed, at: now)
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

    /// `unitsPerSecond` nil does not hold anything back.
    init(unitsPerSecond: Int?, time: TimeSource) {
        self.time = time
        state = Mutex(
            unitsPerSecond.map { State(budget: CapacityBudget(unitsPerSecond: $0, at: time.continuous())) }
        )
    }

    /// Waits until a scan's page may be asked for. Throws `CancellationError`.
    func leaveForPage() async throws -> Leave {
        let (leave, wait) = state.withLock { $0?.leaveForPage(at: time.continuous()) } ?? (.free, .zero)
        if wait > .zero { try await time.sleep(wait) }
        return leave
    }

    /// Waits until `items` single items may be read. Throws `CancellationError`.
    func leaveForItems(_ items: Int) async throws -> Leave {
        let wait = state.withLock { $0?.budget.reserve(Double(items), at: time.continuous()) }
        guard let wait else { return .free }
        if wait > .zero { try await time.sleep(wait) }
        return Leave(reserved: Double(items), limit: nil)
    }

    /// The call has consumed `units` and brought `items`.
    func settle(_ leave: Leave, units: Double, items: Int) {
        state.withLock { $0?.settle(leave, units: units, items: items, at: time.continuous()) }
    }
}

extension ScanPage {
    /// Read capacity units: what the endpoint says, or by AWS's rule for a strongly consistent read of so many bytes.
    var units: Double { consumedCapacity ?? Double(max(1, (items.arena.count + 4_095) / 4_096)) }
}

extension Item {
    /// Read capacity units of a strongly consistent read of this item alone.
    var units: Double { Double(max(1, (packed.count + 4_095) / 4_096)) }
}
