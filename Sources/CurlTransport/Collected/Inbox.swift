import CCurl
import Synchronization

/// The only thing that callers and the transport's thread share: commands in, and the means to wake the thread.
final class Inbox: Sendable {
    enum Command: Sendable {
        case start(InFlightRequest)
        case cancel(identifier: UInt64)
    }

    private struct State {
        var commands: [Command] = []
        var isClosed = false
        /// The multi handle's address, only for `curl_multi_wakeup`, the one call that libcurl allows from any thread.
        /// Nil once the thread is about to free it.
        var wakeable: UInt?
    }

    private let state: Mutex<State>

    init(waking multi: UnsafeMutableRawPointer) {
        state = Mutex(State(wakeable: UInt(bitPattern: multi)))
    }

    /// Hands a request to the thread; false when the transport is closed and the caller has to end the request.
    func submit(_ request: InFlightRequest) -> Bool {
        state.withLock { state in
            guard !state.isClosed else { return false }
            push(.start(request), in: &state)
            return true
        }
    }

    /// Asks the thread to drop a request. Harmless when it has ended.
    func cancel(_ identifier: UInt64) {
        state.withLock { state in
            guard !state.isClosed else { return }
            push(.cancel(identifier: identifier), in: &state)
        }
    }

    /// Asks the thread to end. Idempotent.
    func close() {
        state.withLock { state in
            state.isClosed = true
            wake(state)
        }
    }

    /// What arrived since the last call, in order.
    func drain() -> (commands: [Command], isClosed: Bool) {
        state.withLock { state in
            let commands = state.commands
            state.commands.removeAll(keepingCapacity: commands.count < 256)
            return (commands, state.isClosed)
        }
    }

    /// No wake-up after this: the thread is about to free the multi handle.
    func detach() {
        state.withLock { state in
            state.isClosed = true
            state.wakeable = nil
        }
    }

    private func push(_ command: Command, in state: inout State) {
        state.commands.append(command)
        // A wake-up sticks until the next poll, so one for the first command is enough for all that follow it.
        if state.commands.count == 1 { wake(state) }
    }

    private func wake(_ state: borrowing State) {
        guard let address = state.wakeable else { return }
        curl_multi_wakeup(UnsafeMutableRawPointer(bitPattern: address))
    }
}
