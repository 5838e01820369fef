import Dispatch
import Synchronization

/// Looks at the file of tokens once a second. The look has a queue of its own, because a file system may hang: then neither a task nor an
/// event loop waits for it, and what watches its age goes on.
package final class TokenReloader: Sendable {
    private let store: TokenStore
    private let changed: @Sendable () -> Void
    private let queue = DispatchQueue(label: "tablecast.tokens")
    private let isChecking = Atomic<Bool>(false)
    /// The next check reads the file whether it looks changed or not.
    private let isAsked = Atomic<Bool>(false)

    /// `changed` hears of each change of the tokens, on a queue of its own.
    package init(_ store: TokenStore, changed: @escaping @Sendable () -> Void) {
        self.store = store
        self.changed = changed
    }

    /// Begins to read the file even if it looks unchanged, and lets the log say what came of it. Never blocks.
    package func reread() {
        isAsked.store(true, ordering: .relaxed)
        tick()
    }

    /// Begins a check, unless the last one is still in progress, and reports when the last that ended is old. Never blocks.
    package func tick() {
        store.reportAge()
        if isChecking.exchange(true, ordering: .acquiring) { return }
        queue.async { @Sendable in
            let isAsked = self.isAsked.exchange(false, ordering: .relaxed)
            if self.store.refresh(isAsked: isAsked) { self.changed() }
            self.isChecking.store(false, ordering: .releasing)
        }
    }
}
