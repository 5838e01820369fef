import Basics
import DynamoDBStream
import ReplicaStore
import StateStore
import Synchronization

/// A saved state on its way into a generation.
struct Resumption: Sendable {
    let restored: RestoredState
    /// The places in the stream that the contents have.
    let positions: ShardState
    /// From this moment on, in milliseconds since 1970 UTC, records that the positions lead to may have been trimmed without a word.
    let expiresAt: Int64
}

/// Reads the saved state, once in the life of the process: after that it is older than the contents in memory.
final class StateLoader: Sendable {
    private let context: ReplicationContext
    private let session: StateSession
    private let claim: StateClaim
    private let hasTried = Atomic<Bool>(false)

    init(_ context: ReplicationContext, _ session: StateSession, _ claim: StateClaim) {
        self.context = context
        self.session = session
        self.claim = claim
    }

    /// The state of `target`; nil when there is none that can be resumed. Readers are told the reason.
    func resume(_ target: ReplicationTarget) async -> Resumption? {
        guard !hasTried.exchange(true, ordering: .relaxed) else { return nil }
        guard await claim.wait() else { return nil }
        let reporter = context.reporter
        reporter.explain(Reason(.resuming, "reading the saved state"))
        let wall = context.time.wallMilliseconds()
        do throws(StateRejection) {
            guard let found = try await load(target.stateIdentity, at: wall) else {
                reporter.update { $0.savedState?.start = "read from the table: no state had been saved" }
                return nil
            }
            let positions = try decode(found.positions, target)
            announce(found, age: max(0, wall - found.streamReadAt) / 1_000)
            let expiresAt = found.streamReadAt + context.settings.stream.limits.retention.wholeMilliseconds
            return Resumption(restored: found, positions: positions, expiresAt: expiresAt)
        } catch {
            reporter.update { $0.savedState?.start = "read from the table: \(error)" }
            reporter.observe(.stateRejected(error))
            return nil
        }
    }

    private func announce(_ found: RestoredState, age: Int64) {
        context.reporter.update {
            $0.savedState?.start = "resumed from a state of \(age) s ago"
            $0.savedState?.isResumed = true
            $0.savedState?.streamReadAt = found.streamReadAt
        }
        context.reporter.observe(
            .resumed(seconds: age, epoch: found.writer.epoch.text, newEpochReason: found.newEpochReason)
        )
        // Reported at once: catching up may take a while.
        if let trouble = found.trouble { context.reporter.report(trouble) }
    }

    /// Waits for the state as long as its volume makes progress.
    private func load(_ identity: StateIdentity, at wall: Int64) async throws(StateRejection) -> RestoredState? {
        let storeLimits = context.settings.storeLimits
        let patience = context.limits.statePatience
        let work = BackgroundWork { [session] in
            await session.restored(expecting: identity, at: wall, storeLimits: storeLimits)
        }
        var progress = -1
        while true {
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

    private func decode(_ positions: [UInt8], _ target: ReplicationTarget) throws(StateRejection) -> ShardState {
        let state: ShardState
        do throws(StreamStateError) { state = try ShardState(decoding: positions) } catch {
            throw .damaged("its positions cannot be read (\(error.reason))")
        }
        guard state.streamARN == target.streamARN else { throw .otherStream(state.streamARN) }
        return state
    }
}
