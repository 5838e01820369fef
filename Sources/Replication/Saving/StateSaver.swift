import Basics
import DynamoDBClient
import DynamoDBStream
import ReplicaStore
import StateStore

/// Saves the newest contents and positions again and again, behind everything else. There is no queue: each save takes the newest ones.
final class StateSaver: Sendable {
    private let context: ReplicationContext
    private let session: StateSession
    private let claim: StateClaim
    private let writer: StateWriter
    private let tableWatch: TableWatch

    init(_ context: ReplicationContext, _ session: StateSession, _ claim: StateClaim, _ tableWatch: TableWatch) {
        self.context = context
        self.session = session
        self.claim = claim
        self.tableWatch = tableWatch
        writer = StateWriter(context.saving, session)
    }

    /// Saves for as long as the generation lives.
    func run(_ build: GenerationBuild, _ stream: FollowedStream) async -> GenerationEnd? {
        var failures = 0
        while await context.saving.pauseBeforeSave(failures: failures) {
            guard await claim.look(), await build.isLive else { continue }
            failures = await save(build, stream, isLast: false) ? 0 : failures + 1
        }
        return .cancelled
    }

    /// A generation has come to its end: saves the rest of it, or marks the saved state as one that must not be resumed.
    func end(_ build: GenerationBuild, _ stream: FollowedStream, _ end: GenerationEnd) async {
        // What is in the directory of another process is that process's.
        guard session.isHeld else { return }
        switch end {
        case .cancelled:
            session.stop()
            if await build.isLive { _ = await save(build, stream, isLast: true) }
            await writer.close()
        // Nothing was lost, and the state that was saved fits.
        case .full: break
        case .failed(let failure):
            if context.reporter.readiness.hasBeenLive { await writer.abandon(failure.description) }
        case .rebuild(let reason): await writer.abandon(reason.text)
        }
    }

    /// True unless the attempt failed.
    private func save(_ build: GenerationBuild, _ stream: FollowedStream, isLast: Bool) async -> Bool {
        // The positions first: what they cover was applied before they moved, so a later snapshot holds it.
        let positions = await stream.poller.state()
        let view = await stream.poller.view()
        guard view.isResumable(from: positions) else { return true }
        // Asked for after the positions were taken, since they may cover a record that was skipped.
        guard let snapshot = await build.snapshotToSave() else {
            writer.withhold(
                "the state is not saved while a record or row whose keys cannot be read leaves an item in doubt: see `unreadable` in /v1/status"
            )
            return true
        }
        let mark = StateMark(
            positions: positions.encoded(),
            streamReadAt: streamReadAt(view),
            keysAhead: stream.images.keysAhead
        )
        return await writer.save(
            snapshot,
            mark,
            of: build.target.stateIdentity,
            isStopping: isLast,
            isLast: isLast
        )
    }

    /// Until when every shard has been read, so far as is known: a consumer that reads nothing proves nothing.
    private func streamReadAt(_ view: StreamView) -> Int64? {
        tableWatch.condition == TableWatch.Condition() ? view.readUntil(context.time) : nil
    }
}
