package import Logging
import Synchronization

/// Logs each name that was refused once, and no more names than a bound: whoever sends requests chooses them.
package final class RefusedNames: Sendable {
    private struct State {
        var names: Set<String> = []
        var isFull = false
    }

    private let kind: String
    private let limit: Int
    private let logger: Logger
    private let state = Mutex(State())

    /// `kind` is what the names are, in the plural.
    package init(_ kind: String, limit: Int, logger: Logger) {
        self.kind = kind
        self.limit = limit
        self.logger = logger
    }

    /// Says `text` unless it was said of this name before. `name` and `text` must be escaped and cut already.
    func note(_ name: String, _ text: () -> String) {
        let (isNew, isLast) = state.withLock { state in
            if state.names.contains(name) || state.isFull { return (false, false) }
            state.isFull = state.names.count >= limit
            if !state.isFull { state.names.insert(name) }
            return (!state.isFull, state.isFull)
        }
        if isNew { logger.warning("\(text())") }
        if isLast { logger.warning("more \(kind) are refused; after \(limit) of them no further one is logged") }
    }
}
