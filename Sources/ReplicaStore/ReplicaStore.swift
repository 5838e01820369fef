import Synchronization

/// The published snapshot, swapped atomically by the one writer, and the listeners that hear of each swap.
package final class ReplicaStore: Sendable {
    private struct State {
        var snapshot: StoreSnapshot?
        var listeners: [@Sendable () -> Void] = []
    }

    private let state = Mutex(State())

    /// An empty store: nothing is published.
    package init() {}

    /// The newest published view; nil before the first publication and after `withdraw`. Costs one uncontended lock.
    package var snapshot: StoreSnapshot? { state.withLock { $0.snapshot } }

    /// Calls `listener` from now on after every `publish` and `withdraw`, on the writer's thread: it must be quick and never block.
    package func addListener(_ listener: @escaping @Sendable () -> Void) {
        state.withLock { $0.listeners.append(listener) }
    }

    /// Takes the contents away from readers until the next `publish`.
    package func withdraw() { replace(with: nil) }

    /// Shows `snapshot` to readers from now on.
    package func publish(_ snapshot: StoreSnapshot) { replace(with: snapshot) }

    /// Shows `snapshot`, which differs from the published one in its position's watermarks alone: no listener is called.
    package func refresh(_ snapshot: StoreSnapshot) { state.withLock { $0.snapshot = snapshot } }

    private func replace(with snapshot: StoreSnapshot?) {
        let listeners = state.withLock { state in
            state.snapshot = snapshot
            return state.listeners
        }
        for listener in listeners { listener() }
    }
}
