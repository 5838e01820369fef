import Basics
import Synchronization

/// How many connections each client address has, when that is bounded.
final class AddressCounts: Sendable {
    let limit: Int
    private let counts: Mutex<PermitCounts>

    /// 0 for no bound, and nothing counted.
    init(limit: Int) {
        self.limit = limit
        counts = Mutex(PermitCounts(perHolder: limit))
    }

    /// Counts one more connection, unless the address has as many as it may.
    func admit(_ key: UInt64) -> Bool {
        if limit == 0 { return true }
        return counts.withLock { counts in
            do throws(PermitCounts.Refusal) { try counts.take(for: key) } catch { return false }
            return true
        }
    }

    /// Counts one more connection even where the address has as many as it may: one of them is about to be closed.
    func enter(_ key: UInt64) {
        if limit == 0 { return }
        counts.withLock { $0.takeBeyondLimits(for: key) }
    }

    /// A connection that was counted has been closed.
    func leave(_ key: UInt64) {
        if limit == 0 { return }
        counts.withLock { $0.release(for: key) }
    }

    /// Addresses with a connection.
    var addressCount: Int { counts.withLock(\.holderCount) }
}
