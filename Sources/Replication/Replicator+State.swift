import Basics
import DynamoDBClient
package import DynamoDBStream
import ReplicaStore
import StateStore
import TableModel

/// A saved state on its way into a generation.
struct Resumption {
    let writer: GenerationWriter
    let positions: ShardState
    /// The keys of which the generation holds more than the positions tell.
    let keysAhead: KeysAhead
    /// From this moment on (milliseconds since 1970 UTC) records that the positions lead to may have been trimmed without a word.
    let expiresAt: Int64
}

// MARK: Starting from a saved state

extension Replicator {
    /// Reads the saved state, once in the life of the process; nil when there is none that can be gone on with, said with its reason.
    func resume(_ target: ReplicationTarget) async -> Resumption? {
        guard let keeper, !hasTriedState else { return nil }
        hasTriedState = true
        explain("reading the saved state", .resuming)
        let wall = time.wallMilliseconds()
        do throws(StateRejection) {
            guard let found = try await load(keeper, StateIdentity(target), at: wall) else {
                board.update { $0.savedState?.start = "read from the table: no state had been saved" }
                return nil
            }
            let positions = try decode(found.positions, target)
            let age = max(0, wall - found.streamReadAt) / 1_000
            board.update {
                $0.savedState?.start = "resumed from a state of \(age) s ago"
                $0.savedState?.isResumed = true
                $0.savedState?.streamReadAt = found.streamReadAt
            }
            observer.observe(
                .resumed(seconds: age, epoch: found.writer.epoch.text, newEpochReason: found.newEpochReason)
            )
            let expiresAt = found.streamReadAt + settings.stream.limits.retention.wholeMilliseconds
            // Said at once: what follows may take a while.
            if let trouble = found.trouble { failed(trouble) }
            return Resumption(
                writer: found.writer,
                positions: positions,
                keysAhead: found.keysAhead,
                expiresAt: expiresAt
            )
        } catch {
            board.update { $0.savedState?.start = "read from the table: \(error)" }
            observer.observe(.stateRejected(error))
            return nil
        }
    }

    /// Waits for the state as long as its volume lets it come closer.
    private func load(
        _ keeper: StateKeeper,
        _ identity: StateIdentity,
        at wall: Int64
    ) async throws(StateRejection) -> RestoredState? {
        let limits = settings.storeLimits
        let work = BackgroundWork {
            await keeper.restored(expecting: identity, at: wall, storeLimits: limits)
        }
        var progress = -1
        while true {
            if let outcome = await work.value(within: settings.limits.statePatience, time) { return try outcome.get() }
            guard !Task.isCancelled else { return nil }
            guard keeper.loadedRecords > progress else { break }
            progress = keeper.loadedRecords
            explain("reading the saved state: \(progress) records so far", .resuming)
        }
        // What comes of it later is not wanted any more. The keeper's queue forgets it before it saves anything.
        Task.detached { await keeper.close() }
        throw .unresponsive(seconds: settings.limits.statePatience.wholeSeconds)
    }

    private func decode(
        _ positions: [UInt8],
        _ target: ReplicationTarget
    ) throws(StateRejection) -> ShardState {
        let state: ShardState
        do throws(StreamStateError) { state = try ShardState(decoding: positions) } catch {
            throw .damaged("its positions are none (\(error.reason))")
        }
        guard state.streamARN == target.streamARN else { throw .otherStream(state.streamARN) }
        return state
    }

    /// Gives a resumed generation up that has not caught up before its records can be trimmed: a shard of which nothing was
    /// read yet could lose some without the service calling it trimmed.
    func watchResumption(_ expiresAt: Int64) async -> GenerationEnd? {
        repeat {
            if generation?.liveSince != nil { return nil }
            if time.wallMilliseconds() >= expiresAt {
                let reason = "the saved state grew older than the stream's records before it had caught up"
                observer.observe(.gap(reason))
                return .rebuild(Reason(.gap, reason))
            }
        } while await pause(settings.limits.watchInterval)
        return .cancelled
    }
}

/// What came of a save: nil when it was left unfinished.
private typealias StateOutcome = Result<StateSaveReport?, StateTrouble>

// MARK: Saving

extension Replicator {
    /// Saves what is new again and again, behind everything else. There is no queue: each save takes what is newest by then.
    func keepState(_ poller: StreamPoller, _ images: ImageCompletion, _ target: ReplicationTarget) async
        -> GenerationEnd?
    {
        guard keeper != nil else { return nil }
        var failures = 0
        while await pause(settings.limits.stateWait(failures: failures)) {
            guard generation?.liveSince != nil else { continue }
            failures = await saveState(poller, images, target, isLast: false) ? 0 : failures + 1
        }
        return .cancelled
    }

    /// A generation has come to its end: saves the rest of it, or says that what is saved must not be gone on with.
    func endState(
        _ poller: StreamPoller,
        _ images: ImageCompletion,
        _ target: ReplicationTarget,
        _ end: GenerationEnd
    ) async {
        guard let keeper else { return }
        switch end {
        case .cancelled:
            keeper.stop()
            if generation?.liveSince != nil { _ = await saveState(poller, images, target, isLast: true) }
            let work = BackgroundWork { await keeper.close() }
            _ = await work.value(within: settings.limits.stateStopMargin, time, isCancellable: false)
        case .failed(let failure): if readiness.hasBeenLive { await abandonState(failure.description) }
        case .rebuild(let reason): await abandonState(reason.text)
        }
    }

    private func abandonState(_ reason: String) async {
        guard let keeper else { return }
        let work = BackgroundWork { await keeper.abandoned(reason) }
        // On the keeper's queue it comes before all that is saved later, so nothing else has to wait for it.
        let patience = isStateUnresponsive ? Duration.zero : settings.limits.stateAbandonPatience
        guard let outcome = await work.value(within: patience, time, isCancellable: false) else {
            if !isStateUnresponsive { failed(keeper.unresponsive(for: patience)) }
            isStateUnresponsive = true
            return
        }
        if case .failure(let trouble) = outcome { failed(trouble) }
    }

    /// True unless the attempt failed.
    private func saveState(
        _ poller: StreamPoller,
        _ images: ImageCompletion,
        _ target: ReplicationTarget,
        isLast: Bool
    ) async -> Bool {
        guard let keeper else { return true }
        // The positions first: what they cover was applied before they moved, so a later snapshot holds it.
        let positions = await poller.state()
        let view = await poller.view()
        guard view.isResumable(from: positions), let writer = generation?.writer, !isSavingWithheld() else {
            return true
        }
        let snapshot = writer.snapshot()
        let mark = StateMark(
            positions: positions.encoded(),
            streamReadAt: streamReadAt(view),
            keysAhead: images.keysAhead
        )
        let identity = StateIdentity(target)
        let work = BackgroundWork { await keeper.outcome(of: snapshot, mark, identity, isLast: isLast) }
        guard let outcome = await isLast ? lastOutcome(of: work, keeper) : outcome(of: work, keeper) else {
            return !isLast
        }
        do throws(StateTrouble) {
            guard let report = try outcome.get() else {
                // Said once: what is saved during the stop is left, and so is the last attempt.
                if isLast { observer.observe(.stateLeftUnfinished(seconds: keeper.graceSeconds)) }
                return true
            }
            saved(report, snapshot, mark)
            return true
        } catch {
            failed(error)
            return false
        }
    }

    /// Whether the contents must not be saved because something of them was skipped: the next start reads that again, and does not take
    /// an item that may be old or missing for right. Asked after the positions were taken, since they may cover what was skipped.
    private func isSavingWithheld() -> Bool {
        guard let generation, generation.skippedRecords + generation.skippedRows > 0 else { return false }
        let text =
            "the state is not saved while a record or row whose keys cannot be read leaves an item in doubt: see `unreadable` in /v1/status"
        if board.status.savedState?.trouble != text { failed(StateTrouble(text)) }
        return true
    }

    /// The outcome of a save, however long it takes; that it takes long is said. Nil when cancelled: the save goes on, within the grace
    /// of a stop, and whatever the keeper does next comes after it.
    private func outcome(of work: BackgroundWork<StateOutcome>, _ keeper: StateKeeper) async -> StateOutcome? {
        var isSaid = false
        while true {
            if let outcome = await work.value(within: settings.limits.statePatience, time) {
                isStateUnresponsive = false
                return outcome
            }
            guard !Task.isCancelled else {
                keeper.stop()
                return nil
            }
            isStateUnresponsive = true
            if !isSaid { failed(keeper.unresponsive(for: settings.limits.statePatience)) }
            isSaid = true
        }
    }

    /// The outcome of the save during a stop; nil when it has not come within the grace, which is said. A volume that was silent before
    /// gets no grace.
    private func lastOutcome(of work: BackgroundWork<StateOutcome>, _ keeper: StateKeeper) async -> StateOutcome? {
        let margin = settings.limits.stateStopMargin
        let patience = isStateUnresponsive ? margin : .seconds(keeper.graceSeconds) + margin
        if let outcome = await work.value(within: patience, time, isCancellable: false) { return outcome }
        failed(keeper.unresponsive(for: patience))
        return nil
    }

    /// Until when every shard has been read, so far as is known: a consumer that reads nothing proves nothing.
    private func streamReadAt(_ view: StreamView) -> Int64? {
        isStreamDisabled || isTableMissing ? nil : view.readUntil(time)
    }

    private func saved(_ report: StateSaveReport, _ snapshot: StoreSnapshot, _ mark: StateMark) {
        let moment = time.wallMilliseconds()
        let hadTrouble = board.status.savedState?.trouble != nil
        board.update { status in
            status.savedState?.trouble = nil
            guard report.isWritten else { return }
            status.savedState?.savedAt = moment
            if let moment = mark.streamReadAt { status.savedState?.streamReadAt = moment }
            status.savedState?.savedSeq = snapshot.position.seq
            status.savedState?.bytes = report.bytes
            status.savedState?.saves += 1
        }
        if hadTrouble { observer.observe(.stateRecovered) }
        if report.isWritten { observer.observe(.stateSaved(report)) }
    }

    private func failed(_ trouble: StateTrouble) {
        board.update {
            $0.savedState?.trouble = trouble.description
            $0.savedState?.failures += 1
        }
        observer.observe(.stateTrouble(trouble))
    }
}

extension StreamView {
    /// Until when every shard had been read, in milliseconds since 1970 UTC; nil where nobody knows, or where the stream is over.
    func readUntil(_ time: TimeSource) -> Int64? {
        guard status != .disabled, status != .disabling else { return nil }
        // The lag is as of the view, which may have been waited for since.
        let sinceView = max(.zero, time.continuous() - asOf)
        return lagMilliseconds.map { time.wallMilliseconds() - $0 - sinceView.wholeMilliseconds }
    }

    /// Whether a process that began with these positions would see every gap that this one would. A child whose parent has not
    /// been listed is looked into here, and would not be there: a first listing takes such parents for trimmed.
    package func isResumable(from positions: ShardState) -> Bool {
        guard gap == nil else { return false }
        let known = Set(positions.shards.map(\.shardID))
        return shards.allSatisfy { shard in
            shard.phase != "blocked" || shard.parentID.map(known.contains) ?? true
        }
    }
}

extension StateIdentity {
    fileprivate init(_ target: ReplicationTarget) {
        self.init(tableName: target.tableName, keySchema: target.keySchema, streamARN: target.streamARN)
    }
}
