import Synchronization

/// What readers hold: the published snapshot, swapped atomically by the one writer.
package final class ReplicaStore: Sendable {
    private let published = Mutex<StoreSnapshot?>(nil)

    package init() {}

    /// The newest published view; nil before the first Ready. Costs one uncontended lock.
    package var snapshot: StoreSnapshot? { published.withLock { $0 } }

    /// Takes away what readers see: nothing is published until the next `publish`.
    package func withdraw() { published.withLock { $0 = nil } }

    /// Makes `snapshot` what readers see from now on.
    package func publish(_ snapshot: StoreSnapshot) { published.withLock { $0 = snapshot } }
}
