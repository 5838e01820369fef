import Synchronization

/// Bounds how many may do something at once, in all and for each holder. For any thread.
package final class Permits: Sendable {
    private let counts: Mutex<PermitCounts>

    /// At most `limit` permits at once, and at most `perHolder` for one holder.
    package init(limit: Int, perHolder: Int = .max) { counts = Mutex(PermitCounts(limit: limit, perHolder: perHolder)) }

    /// Permits in use.
    package var count: Int { counts.withLock { $0.count } }

    /// A permit for a holder, such as what all addresses of one client have in common; the error names the bound that refuses it.
    package func take(for holder: UInt64 = 0) throws(PermitCounts.Refusal) -> Permit {
        try counts.withLock { counts throws(PermitCounts.Refusal) in try counts.take(for: holder) }
        return Permit(self, holder)
    }

    fileprivate func release(for holder: UInt64) { counts.withLock { $0.release(for: holder) } }
}

/// One of a bounded number of permits. Its end gives it back, and so does `release`, whichever comes first.
package final class Permit: Sendable {
    private let permits: Permits
    private let holder: UInt64
    private let isReleased = Atomic(false)

    fileprivate init(_ permits: Permits, _ holder: UInt64) {
        self.permits = permits
        self.holder = holder
    }

    deinit { release() }

    /// Gives the permit back before the end of the object. Further calls change nothing.
    package func release() {
        if isReleased.exchange(true, ordering: .relaxed) { return }
        permits.release(for: holder)
    }
}
