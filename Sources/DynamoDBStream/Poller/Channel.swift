import Synchronization

/// Values that many tasks send and one task takes, in order. Unlike an AsyncStream it keeps those that were sent while its reader was
/// cancelled. Its length is bounded by its senders: each call in flight sends once.
package final class Channel<Element: Sendable>: Sendable {
    private struct State {
        var waiting: [Element] = []
        var reader: CheckedContinuation<[Element]?, Never>?
        var isCancelled = false
    }

    private let state = Mutex(State())

    /// An empty channel.
    package init() {}

    /// Adds an element; its reader, if one waits, continues.
    package func send(_ element: Element) {
        let reader = state.withLock { state in
            if let reader = state.reader {
                state.reader = nil
                return Optional(reader)
            }
            state.waiting.append(element)
            return nil
        }
        reader?.resume(returning: [element])
    }

    /// Everything sent since the last call, waiting for at least one; nil when the task is cancelled.
    package func next() async -> [Element]? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let ready: [Element]?? = state.withLock { state in
                    if state.isCancelled { return .some(nil) }
                    if state.waiting.isEmpty {
                        state.reader = continuation
                        return nil
                    }
                    defer { state.waiting.removeAll() }
                    return state.waiting
                }
                if let ready { continuation.resume(returning: ready) }
            }
        } onCancel: {
            let reader = state.withLock { state in
                state.isCancelled = true
                defer { state.reader = nil }
                return state.reader
            }
            reader?.resume(returning: nil)
        }
    }

    /// The elements that are left after the reader has gone.
    package func drain() -> [Element] {
        state.withLock { state in
            defer { state.waiting.removeAll() }
            return state.waiting
        }
    }
}
