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
    /// The attempt that is in progress: while the volume does not respond, no further one begins. `isMissed`: the start has gone on without.
    private let state = Mutex<(attempt: Attempt?, isMissed: Bool)>((nil, false))

    init(_ context: ReplicationContext, _ session: StateSession) {
        self.context = context
        self.session = session
    }

    /// Tries for the directory once; whether it belongs to this process now.
    func isFree() async -> Bool { await missing() == nil }

    /// Waits until the directory belongs to this process, for at most `ReplicationLimits.stateClaimPatience`; whether it does.
    func wait() async -> Bool {
        guard var error = await missing() else { return true }
        let limits = context.limits
        let deadline = context.time.continuous() + limits.stateClaimPatience
        context.reporter.observe(.stateDirectoryAwaited(error, seconds: limits.stateClaimPatience.wholeSeconds))
        context.reporter.explain(Reason(.resuming, "waiting for the state directory, which another process holds"))
        while context.time.continuous() < deadline, await context.pause(limits.stateClaimInterval) {
            guard let found = await missing() else {
                context.reporter.observe(.stateDirectoryTaken(path: session.path, isLate: false))
                return true
            }
            error = found
        }
        guard !Task.isCancelled else { return false }
        state.withLock { $0.isMissed = true }
        context.reporter.update { $0.savedState?.start = "read from the table: \(error)" }
        report(error)
        return false
    }

    /// Tries once more if the start has gone on without the directory; whether it belongs to this process.
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
        let attempt = state.withLock { state in
            let attempt = state.attempt ?? BackgroundWork { [session] in await session.claimed() }
            state.attempt = attempt
            return attempt
        }
        let patience = context.limits.stateAbandonPatience
        guard let outcome = await attempt.value(within: patience, context.time) else {
            return .unresponsive(path: session.path, seconds: patience.wholeSeconds)
        }
        state.withLock { $0.attempt = nil }
        if case .failure(let error) = outcome { return error }
        return nil
    }

    /// Says a trouble once.
    private func report(_ error: StateDirectoryError) {
        guard context.reporter.written.savedState?.trouble != error.description else { return }
        context.reporter.report(StateTrouble(error.description))
    }
}
