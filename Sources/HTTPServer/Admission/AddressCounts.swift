import Basics
import Synchronization

/// How many connections each client address has, where that is bounded.
final class AddressCounts: Sendable {
    private let counts: Mutex<PermitCounts>

    /// 0 for no bound, and nothing remembered of addresses.
    init(limit: Int) { counts = Mutex(PermitCounts(perHolder: limit == 0 ? .max : limit)) }

    /// Counts one more connection, unless the address has as many as it may.
    func admit(_ key: UInt64) -> Bool {
        counts.withLock { counts in
            do throws(PermitCounts.Refusal) { try counts.take(for: key) } catch { return false }
            return true
        }
    }

    /// Counts one more connection even where the address has as many as it may: one of them is about to be closed.
    func enter(_ key: UInt64) { counts.withLock { $0.takeBeyondLimits(for: key) } }

    /// A connection that was counted has been closed.
    func leave(_ key: UInt64) { counts.withLock { $0.release(for: key) } }

    /// Addresses with a connection.
    var addressCount: Int { counts.withLock(\.holderCount) }
}
