import Basics
import DynamoDBClient
import DynamoDBStream
import ReplicaStore
import StateStore
import Synchronization

/// Saves the newest contents and positions again and again, behind everything else. There is no queue: each save takes the newest ones.
final class StateSaver: Sendable {
    /// The outcome of a save: nil when it was left unfinished.
    private typealias Outcome = Result<StateSaveReport?, StateTrouble>

    private let context: ReplicationContext
    private let session: StateSession
    private let claim: StateClaim
    private let tableWatch: TableWatch
    /// The volume did not respond when it was last waited for.
    private let isUnresponsive = Atomic<Bool>(false)

    init(_ context: ReplicationContext, _ session: StateSession, _ claim: StateClaim, _ tableWatch: TableWatch) {
        self.context = context
        self.session = session
        self.claim = claim
        self.tableWatch = tableWatch
    }

    /// Saves for as long as the generation lives.
    func run(_ build: GenerationBuild, _ stream: FollowedStream) async -> GenerationEnd? {
        var failures = 0
        while await context.pause(context.limits.stateWait(failures: failures)) {
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
            let work = BackgroundWork { [session] in await session.close() }
            _ = await work.value(within: context.limits.stateStopMargin, context.time, isCancellable: false)
        // Nothing was lost, and the state that was saved fits.
        case .full: break
        case .failed(let failure):
            if context.reporter.readiness.hasBeenLive { await abandon(failure.description) }
        case .rebuild(let reason): await abandon(reason.text)
        }
    }

    private func abandon(_ reason: String) async {
        let work = BackgroundWork { [session] in await session.abandoned(reason) }
        // On the session's queue it comes before all later saves, so nothing else has to wait for it.
        let isUnresponsive = isUnresponsive.load(ordering: .relaxed)
        let patience = isUnresponsive ? Duration.zero : context.limits.stateAbandonPatience
        guard let outcome = await work.value(within: patience, context.time, isCancellable: false) else {
            if !isUnresponsive { context.reporter.report(session.unresponsive(for: patience)) }
            self.isUnresponsive.store(true, ordering: .relaxed)
            return
        }
        if case .failure(let trouble) = outcome { context.reporter.report(trouble) }
    }

    /// True unless the attempt failed.
    private func save(_ build: GenerationBuild, _ stream: FollowedStream, isLast: Bool) async -> Bool {
        // The positions first: what they cover was applied before they moved, so a later snapshot holds it.
        let positions = await stream.poller.state()
        let view = await stream.poller.view()
        guard view.isResumable(from: positions) else { return true }
        // Asked for after the positions were taken, since they may cover a record that was skipped.
        guard let snapshot = await build.snapshotToSave() else {
            reportWithheld()
            return true
        }
        let mark = StateMark(
            positions: positions.encoded(),
            streamReadAt: streamReadAt(view),
            keysAhead: stream.images.keysAhead
        )
        let identity = build.target.stateIdentity
        let work = BackgroundWork { [session] in await session.outcome(of: snapshot, mark, identity, isLast: isLast) }
        guard let outcome = await isLast ? lastOutcome(of: work) : outcome(of: work) else { return !isLast }
        do throws(StateTrouble) {
            guard let report = try outcome.get() else {
                // Reported once: a save that the stop interrupts is unfinished too, and the last attempt follows it.
                if isLast { context.reporter.observe(.stateLeftUnfinished(seconds: session.graceSeconds)) }
                return true
            }
            saved(report, snapshot, mark)
            return true
        } catch {
            context.reporter.report(error)
            return false
        }
    }

    private func reportWithheld() {
        let text =
            "the state is not saved while a record or row whose keys cannot be read leaves an item in doubt: see `unreadable` in /v1/status"
        guard context.reporter.written.savedState?.trouble != text else { return }
        context.reporter.report(StateTrouble(text))
    }

    /// The outcome of a save, however long it takes; a long wait is reported. Nil when cancelled: the save continues, within the grace of a
    /// stop, and the session does everything else after it.
    private func outcome(of work: BackgroundWork<Outcome>) async -> Outcome? {
        let patience = context.limits.statePatience
        var isReported = false
        while true {
            if let outcome = await work.value(within: patience, context.time) {
                isUnresponsive.store(false, ordering: .relaxed)
                return outcome
            }
            guard !Task.isCancelled else {
                session.stop()
                return nil
            }
            isUnresponsive.store(true, ordering: .relaxed)
            if !isReported { context.reporter.report(session.unresponsive(for: patience)) }
            isReported = true
        }
    }

    /// The outcome of the save during a stop; nil when it has not come within the grace, which is reported. A volume that was silent before
    /// gets no grace.
    private func lastOutcome(of work: BackgroundWork<Outcome>) async -> Outcome? {
        let margin = context.limits.stateStopMargin
        let isUnresponsive = isUnresponsive.load(ordering: .relaxed)
        let patience = isUnresponsive ? margin : .seconds(session.graceSeconds) + margin
        if let outcome = await work.value(within: patience, context.time, isCancellable: false) { return outcome }
        context.reporter.report(session.unresponsive(for: patience))
        return nil
    }

    /// Until when every shard has been read, so far as is known: a consumer that reads nothing proves nothing.
    private func streamReadAt(_ view: StreamView) -> Int64? {
        tableWatch.condition == TableWatch.Condition() ? view.readUntil(context.time) : nil
    }

    private func saved(_ report: StateSaveReport, _ snapshot: StoreSnapshot, _ mark: StateMark) {
        let moment = context.time.wallMilliseconds()
        let hadTrouble = context.reporter.written.savedState?.trouble != nil
        context.reporter.update { status in
            status.savedState?.trouble = nil
            guard report.isWritten else { return }
            status.savedState?.savedAt = moment
            if let moment = mark.streamReadAt { status.savedState?.streamReadAt = moment }
            status.savedState?.savedSeq = snapshot.position.seq
            status.savedState?.bytes = report.bytes
            status.savedState?.saves += 1
        }
        if hadTrouble { context.reporter.observe(.stateRecovered) }
        if report.isWritten { context.reporter.observe(.stateSaved(report)) }
    }
}
