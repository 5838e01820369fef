import Synchronization

/// Bytes that a process keeps in memory for clients that are slow to take them, or to send the rest: one number over all its event
/// loops, and its bound.
package final class PendingBytes: Sendable {
    /// `HTTPServerLimits.pendingBytes`.
    package let limit: Int
    private let total = Atomic<Int>(0)
    private let refusedTotal = Atomic<Int>(0)
    private let closedTotal = Atomic<Int>(0)
    /// Makes every event loop look for connections to close.
    private let wake = Mutex<(@Sendable () -> Void)?>(nil)

    /// Nothing is pending yet.
    package init(limit: Int) { self.limit = limit }

    /// Bytes that are pending now.
    package var bytes: Int { total.load(ordering: .relaxed) }
    /// Large responses refused since the start.
    package var refused: Int { refusedTotal.load(ordering: .relaxed) }
    /// Connections closed since the start because the bound was reached.
    package var closed: Int { closedTotal.load(ordering: .relaxed) }

    /// Whether a response may be begun that will keep up to `count` bytes pending. A refusal is counted, and makes each event
    /// loop close a stalled connection, so that there is room when the client retries.
    package func admits(_ count: Int) -> Bool {
        if bytes + count <= limit { return true }
        refusedTotal.add(1, ordering: .relaxed)
        wakeLoops()
        return false
    }

    /// Whether more is pending than may be.
    var isOver: Bool { bytes > limit }

    /// Whether so much more is pending that any connection may be closed, whether its client reads or not.
    var isFarOver: Bool { bytes > limit + limit / 8 }

    /// Sets what `wakeLoops` does.
    func whenLoopsShouldLook(_ action: @escaping @Sendable () -> Void) { wake.withLock { $0 = action } }

    /// Makes every event loop look for connections to close.
    func wakeLoops() { wake.withLock { $0 }?() }

    /// A connection keeps so many bytes more, or fewer, than before.
    func add(_ change: Int) { total.add(change, ordering: .relaxed) }

    /// A connection was closed because of the bound.
    func countClosed() { closedTotal.add(1, ordering: .relaxed) }
}
