import Basics
import Synchronization

/// Work that may never end for reasons outside this program, such as a volume that does not respond. It continues by itself, and a task
/// that waits for it may give up.
final class BackgroundWork<Value: Sendable>: Sendable {
    private typealias Work = @Sendable () async -> Value

    private let state = Mutex<(value: Value?, wait: Wait?)>((nil, nil))
    /// The work; nil once it is done. It is released before the waiting task resumes, with all that it holds: the lock of a directory.
    private let work: Mutex<Work?>

    /// Starts the work.
    init(_ work: @escaping @Sendable () async -> Value) {
        self.work = Mutex(work)
        Task.detached {
            guard let value = await self.perform() else { return }
            let wait = self.state.withLock { state in
                state.value = value
                return state.wait
            }
            wait?.end()
        }
    }

    private func perform() async -> Value? {
        let work = self.work.withLock { work in
            defer { work = nil }
            return work
        }
        return await work?()
    }

    /// The outcome; nil when the work has not ended within `patience`, or, if `isCancellable`, when the waiting task was cancelled. Only one
    /// task waits at a time.
    func value(within patience: Duration, _ time: TimeSource, isCancellable: Bool = true) async -> Value? {
        let wait = Wait()
        let isDone = state.withLock { state in
            state.wait = wait
            return state.value != nil
        }
        if isDone { wait.end() }
        let timer = Task.detached {
            if (try? await time.sleep(patience)) != nil { wait.end() }
        }
        defer { timer.cancel() }
        if isCancellable {
            await withTaskCancellationHandler {
                await wait.untilEnd()
            } onCancel: {
                wait.end()
            }
        } else {
            await wait.untilEnd()
        }
        return state.withLock { $0.value }
    }
}

/// One wait, which several may end.
private final class Wait: Sendable {
    private let state = Mutex<(isOver: Bool, waiter: CheckedContinuation<Void, Never>?)>((false, nil))

    func untilEnd() async {
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                if !state.isOver { state.waiter = continuation }
                return state.isOver
            }
            if isOver { continuation.resume() }
        }
    }

    func end() {
        let waiter = state.withLock { state in
            state.isOver = true
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }
}
