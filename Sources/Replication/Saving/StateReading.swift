import Basics
package import ReplicaStore
package import StateStore

/// Reads a saved state, and tells what comes of it.
package struct StateReading: Sendable {
    private let context: SavingContext
    private let session: StateSession

    package init(_ context: SavingContext, _ session: StateSession) {
        self.context = context
        self.session = session
    }

    /// Reads the state for as long as its volume makes progress; nil where none was saved, or when the task was cancelled. `wall` is now, in
    /// milliseconds since 1970 UTC. `obstacle` tells why no more of it may be loaded.
    package func restored(
        expecting expectation: StateExpectation,
        at wall: Int64,
        storeLimits: StoreLimits,
        obstacle: @escaping LoadObstacle
    ) async throws(StateRejection) -> RestoredState? {
        let patience = context.limits.statePatience
        let work = BackgroundWork { [session] in
            await session.restored(expecting: expectation, at: wall, storeLimits: storeLimits, obstacle: obstacle)
        }
        var progress = -1
        while true {
            // Twice the time until it is told again: what follows the load takes some as well.
            context.reporter.observe(.stateLoading(seconds: 2 * patience.wholeSeconds))
            if let outcome = await work.value(within: patience, context.time) { return try outcome.get() }
            guard !Task.isCancelled else { return nil }
            guard session.loadedRecords > progress else { break }
            progress = session.loadedRecords
            context.reporter.explain(Reason(.resuming, "reading the saved state: \(progress) records so far"))
        }
        // Its outcome is no longer wanted. The session's queue closes the file before it saves anything.
        Task.detached { [session] in await session.close() }
        throw .unresponsive(seconds: patience.wholeSeconds)
    }

    /// Tells that the state is not used.
    package func reject(_ rejection: StateRejection) {
        context.reporter.update {
            $0.savedState?.start = "\(context.otherwise): \(rejection)"
            $0.savedState?.streamReadAt = nil
            $0.savedState?.isResumed = false
        }
        context.reporter.observe(.stateRejected(rejection))
    }

    /// Tells that the contents of the state, whose stream was last read `age` seconds ago (nil: not known when), are gone on with.
    package func announce(_ found: RestoredState, epoch: Epoch, age: Int64?) {
        context.reporter.update {
            $0.savedState?.start =
                age.map { "resumed from a state of \($0) s ago" } ?? "resumed from a state of unknown age"
            $0.savedState?.isResumed = true
        }
        context.reporter.observe(
            .resumed(seconds: age, epoch: epoch.text, newEpochReason: found.newEpochReason)
        )
        // Reported at once: catching up may take a while.
        if let trouble = found.trouble { context.reporter.report(trouble) }
    }
}
