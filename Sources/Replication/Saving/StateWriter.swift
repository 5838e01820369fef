import Basics
package import ReplicaStore
package import StateStore
import Synchronization

/// Brings contents and marks to the state's file behind everything else, waits for a volume only so long, and tells what comes of it.
package final class StateWriter: Sendable {
    /// The outcome of a save: nil when it was left unfinished.
    private typealias Outcome = Result<StateSaveReport?, StateTrouble>

    private let context: SavingContext
    private let session: StateSession
    /// The volume did not respond when it was last waited for.
    private let isUnresponsive = Atomic<Bool>(false)

    package init(_ context: SavingContext, _ session: StateSession) {
        self.context = context
        self.session = session
    }

    /// Saves a snapshot and the mark that belongs to it; true unless the attempt failed. `isLast`: the process ends, and clients hear of nothing
    /// beyond the snapshot. `isStopping`: the process ends; the save waits no longer than the grace of a stop.
    package func save(
        _ snapshot: StoreSnapshot,
        _ mark: StateMark,
        of identity: StateIdentity,
        isStopping: Bool,
        isLast: Bool
    ) async -> Bool {
        let work = BackgroundWork { [session] in await session.outcome(of: snapshot, mark, identity, isLast: isLast) }
        guard let outcome = await isStopping ? lastOutcome(of: work) : outcome(of: work) else { return !isStopping }
        do throws(StateTrouble) {
            guard let report = try outcome.get() else {
                // Reported once: a save that the stop interrupts is unfinished too, and the last attempt follows it.
                if isStopping { context.reporter.observe(.stateLeftUnfinished(seconds: session.graceSeconds)) }
                return true
            }
            saved(report, snapshot, mark)
            return true
        } catch {
            context.reporter.report(error)
            return false
        }
    }

    /// Marks the saved state as one that must not be resumed, for `reason`. False if that failed: it is to be tried again.
    @discardableResult
    package func abandon(_ reason: String) async -> Bool {
        let work = BackgroundWork { [session] in await session.abandoned(reason) }
        // On the session's queue it comes before all later saves, so nothing else has to wait for it.
        let isUnresponsive = isUnresponsive.load(ordering: .relaxed)
        let patience = isUnresponsive ? Duration.zero : context.limits.stateAbandonPatience
        guard let outcome = await work.value(within: patience, context.time, isCancellable: false) else {
            if !isUnresponsive { context.reporter.report(session.unresponsive(for: patience)) }
            self.isUnresponsive.store(true, ordering: .relaxed)
            return true
        }
        guard case .failure(let trouble) = outcome else { return true }
        context.reporter.report(trouble)
        return false
    }

    /// The next save begins a new file: the state that was loaded is not used.
    package func giveUp() async {
        let work = BackgroundWork { [session] in await session.close() }
        // A stop waits for it too: it must not close the file behind the last save.
        _ = await work.value(within: context.limits.stateAbandonPatience, context.time, isCancellable: false)
    }

    /// Ends the work with the file, at the end of the process.
    package func close() async {
        let work = BackgroundWork { [session] in await session.close() }
        _ = await work.value(within: context.limits.stateStopMargin, context.time, isCancellable: false)
    }

    /// Tells once why nothing is saved for now.
    package func withhold(_ text: String) {
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
