import Basics
import StateStore
import Synchronization

/// Gets a state directory that another process held at the start, and tells what comes of it.
///
/// The start waits for it for a while, since a predecessor that drains leaves a state worth loading. Later the state in the directory is
/// older than the replica, or another process's: it is never loaded, and the first save replaces it.
final class StateClaim: Sendable {
    private typealias Attempt = BackgroundWork<Result<Void, StateDirectoryError>>

    private let context: ReplicationContext
    private let session: StateSession
    private let state = Mutex(State())

    private struct State {
        /// The attempt that is in progress: while the volume does not respond, no further one begins.
        var attempt: Attempt?
        /// Some task waits for that attempt.
        var isAwaited = false
        /// The outcome of the newest failed attempt.
        var lastError: StateDirectoryError?
        /// The start continues without the directory.
        var isMissed = false
        /// The start shows nothing because it does not have the directory, and has said so.
        var isReported = false
    }

    init(_ context: ReplicationContext, _ session: StateSession) {
        self.context = context
        self.session = session
    }

    /// Tries for the directory once; whether it belongs to this process now. `isReported`: readers and the log are told if it does not.
    func isFree(isReported: Bool) async -> Bool {
        guard let error = await missing() else {
            noteTaken()
            return true
        }
        guard isReported, !Task.isCancelled else { return false }
        context.reporter.update { $0.savedState?.start = "not read yet: \(error)" }
        state.withLock { $0.isReported = true }
        report(error)
        return false
    }

    /// Takes back what was said of a directory that was missing while AWS was away.
    private func noteTaken() {
        let wasReported = state.withLock { state in
            defer { state.isReported = false }
            return state.isReported
        }
        guard wasReported else { return }
        context.reporter.update { $0.savedState?.trouble = nil }
        context.reporter.observe(.stateDirectoryTaken(path: session.path, isLate: false))
    }

    /// Waits until the directory belongs to this process, for at most `ReplicationLimits.stateClaimPatience`; whether it does.
    func wait() async -> Bool {
        guard var error = await missing() else {
            noteTaken()
            return true
        }
        let limits = context.limits
        let deadline = context.time.continuous() + limits.stateClaimPatience
        context.reporter.observe(.stateDirectoryAwaited(error, seconds: limits.stateClaimPatience.wholeSeconds))
        context.reporter.explain(Reason(.resuming, "waiting for the state directory, which another process holds"))
        while context.time.continuous() < deadline, await context.pause(limits.stateClaimInterval) {
            guard let found = await missing() else {
                state.withLock { $0.isReported = true }
                noteTaken()
                return true
            }
            error = found
        }
        guard !Task.isCancelled else { return false }
        state.withLock { $0 = State(attempt: $0.attempt, isAwaited: $0.isAwaited, lastError: error, isMissed: true) }
        context.reporter.update { $0.savedState?.start = "read from the table: \(error)" }
        report(error)
        return false
    }

    /// Tries once more if the start continued without the directory; whether it belongs to this process.
    func look() async -> Bool {
        let error = await missing()
        guard !Task.isCancelled else { return error == nil }
        if let error {
            report(error)
            return false
        }
        let isNews = state.withLock { state in
            defer { state.isMissed = false }
            return state.isMissed
        }
        guard isNews else { return true }
        context.reporter.update { $0.savedState?.trouble = nil }
        context.reporter.observe(.stateDirectoryTaken(path: session.path, isLate: true))
        return true
    }

    /// Why the directory does not belong to this process; nil when it does.
    private func missing() async -> StateDirectoryError? {
        guard !session.isHeld else { return nil }
        let attempt: Attempt? = state.withLock { state in
            guard !state.isAwaited else { return nil }
            let attempt = state.attempt ?? BackgroundWork { [session] in await session.claimed() }
            (state.attempt, state.isAwaited) = (attempt, true)
            return attempt
        }
        // Only one task can wait for an attempt. The others try later.
        guard let attempt else { return state.withLock(\.lastError) ?? .inUse(path: session.path) }
        let patience = context.limits.stateAbandonPatience
        guard let outcome = await attempt.value(within: patience, context.time) else {
            let error = StateDirectoryError.unresponsive(path: session.path, seconds: patience.wholeSeconds)
            state.withLock { ($0.isAwaited, $0.lastError) = (false, error) }
            return error
        }
        let error: StateDirectoryError? = if case .failure(let error) = outcome { error } else { nil }
        state.withLock { ($0.attempt, $0.isAwaited, $0.lastError) = (nil, false, error) }
        return error
    }

    /// Says a trouble once.
    private func report(_ error: StateDirectoryError) {
        guard context.reporter.written.savedState?.trouble != error.description else { return }
        context.reporter.report(StateTrouble(error.description))
    }
}
