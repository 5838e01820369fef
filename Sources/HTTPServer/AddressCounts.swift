import Synchronization

/// How many connections each client address has, when that is bounded.
final class AddressCounts: Sendable {
    let limit: Int
    private let counts = Mutex<[UInt64: Int]>([:])

    /// 0 for no bound, and nothing counted.
    init(limit: Int) { self.limit = limit }

    /// Counts one more connection, unless the address has as many as it may.
    func admit(_ key: UInt64) -> Bool {
        if limit == 0 { return true }
        return counts.withLock { counts in
            let count = counts[key, default: 0]
            guard count < limit else { return false }
            counts[key] = count + 1
            return true
        }
    }

    /// Counts one more connection even where the address has as many as it may: one of them is about to be closed.
    func enter(_ key: UInt64) {
        if limit == 0 { return }
        counts.withLock { $0[key, default: 0] += 1 }
    }

    /// A connection that was admitted is gone.
    func leave(_ key: UInt64) {
        if limit == 0 { return }
        counts.withLock { counts in
            guard let count = counts[key] else { return }
            counts[key] = count > 1 ? count - 1 : nil
        }
    }

    /// Addresses with a connection.
    var addressCount: Int { counts.withLock(\.count) }
}
