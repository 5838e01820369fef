import Basics
import DynamoDBClient
import DynamoDBStream
import ReplicaStore
import Synchronization
import TableModel

extension Replicator {
    /// Judges the state again and again; ends a start that cannot succeed.
    func watch(_ poller: StreamPoller) async -> GenerationEnd? {
        while await pause(settings.limits.watchInterval) {
            let view = await poller.view()
            isStreamDoubtful = view.lastError?.kind == .notFound
            if let scanEnd = generation?.scanEnd, generation?.liveSince == nil,
                await poller.hasCaughtUp(since: scanEnd), !Task.isCancelled
            {
                goLive()
            }
            show(view)
            if let failure = startFailure(view) { return .failed(failure) }
        }
        return .cancelled
    }

    /// Tells readers of the stream as it was when the view was taken: one that comes late says nothing about the time since, and its
    /// lag ends with that moment too.
    private func show(_ view: StreamView) {
        let isPublished = generation?.liveSince != nil
        let shards = view.shards.map(ShardStatus.init)
        guard isPublished else {
            board.update(lookedAt: view.asOf) { status in
                status.shards = shards
                // Until it is published, the stream's lag is not that of what is served.
                if status.servedAsOf == nil { status.lagMilliseconds = view.lagMilliseconds }
            }
            return explainWaiting(view)
        }
        let evidence = Readiness.Evidence(
            lagMilliseconds: view.lagMilliseconds,
            streamIsDisabled: isStreamDisabled || view.status == .disabled || view.status == .disabling,
            tableIsMissing: isTableMissing,
            trouble: view.lastError.map(Readiness.Trouble.init),
            silence: view.silence
        )
        transition(lookedAt: view.asOf) { status in
            status.shards = shards
            status.lagMilliseconds = view.lagMilliseconds
            if let lag = view.lagMilliseconds { status.servedAsOf = view.asOf - .milliseconds(lag) }
        } _: {
            $0.judge(evidence, maximumLag: settings.maximumLag)
        }
    }

    /// What a generation that is not complete yet waits for, and what keeps it waiting.
    private func explainWaiting(_ view: StreamView) {
        guard let generation else { return }
        if view.status == .enabling { return explain("the stream is being enabled", .streamEnabling) }
        let isScanning = generation.scanBeganAt != nil && generation.scanEnd == nil
        let step = generation.step
        guard let error = isScanning ? generation.lastScanError : view.lastError else {
            return explain(step.text, step.code)
        }
        explain("\(step.text): \(error.description)", ReasonCode(error.kind))
    }

    /// Before the replica has ever been live: what nobody but an operator can mend. A stream that never answered, or that may be
    /// listed but not read; a scan that is not allowed.
    private func startFailure(_ view: StreamView) -> ReplicationFailure? {
        guard !readiness.hasBeenLive, let generation else { return nil }
        let limit = settings.limits.startLimit
        if !view.isBookmarked, time.continuous() - generation.beganAt >= limit, let error = view.lastError {
            let neverAnswered = view.status == nil && error.kind != .throttled
            // A shard that is listed and not found, with a table that goes on naming its stream: nothing will change.
            let isUnusable: Set<DynamoDBError.Kind> = [.accessDenied, .expiredCredentials, .notFound]
            if neverAnswered || isUnusable.contains(error.kind) {
                return ReplicationFailure(error)
            }
        }
        if let began = generation.scanBeganAt, generation.scannedPages == 0, time.continuous() - began >= limit,
            let error = generation.lastScanError, error.kind == .accessDenied || error.kind == .expiredCredentials
        {
            return ReplicationFailure(error)
        }
        // A table whose stream may be read but whose items may not (BatchGetItem).
        if let scanEnd = generation.scanEnd, time.continuous() - scanEnd.continuous >= limit,
            let error = view.lastError, error.kind == .accessDenied
        {
            return ReplicationFailure(error)
        }
        return nil
    }

    /// Notices a stream that is no longer the table's: disabled and enabled anew, or the table deleted and created again.
    func watchTable(_ target: ReplicationTarget) async -> GenerationEnd? {
        let probe = TableProbe(api: table, tableName: target.tableReference, time: time)
        var isTroubled = false
        var lastAsked = time.continuous()
        // In short steps, since trouble that others meet meanwhile must not wait for the long one to end.
        while await pause(min(settings.limits.tableCheckInterval, settings.limits.troubledTableCheckInterval)) {
            guard time.continuous() - lastAsked >= tableCheckInterval(isTroubled) else { continue }
            lastAsked = time.continuous()
            switch await probe.ask(within: nil) {
            case .described(let description):
                switch judge(description) {
                case .failed(let failure) where !readiness.hasBeenLive: return .failed(failure)
                case .foreign(let failure):
                    // Single items may have been read of that other table: the replica is built again, from the right one.
                    guard readiness.hasBeenLive else { return .failed(failure) }
                    observer.observe(.gap(failure.message))
                    return .rebuild(Reason(.otherTable, failure.message))
                default: break
                }
                isTroubled = !description.streamEnabled
                isTableMissing = TableStatus(description.status) == .deleting
                isStreamDisabled = !description.streamEnabled
                guard let streamARN = description.latestStreamARN, streamARN != target.streamARN else { continue }
                let reason = "the table has a new stream, \(streamARN)"
                observer.observe(.gap(reason))
                return .rebuild(Reason(.newStream, reason))
            case .failed(let error):
                guard error.kind != .cancelled else { continue }
                isTroubled = true
                isTableMissing = error.kind == .notFound
                report(error)
                if isTableMissing, !readiness.hasBeenLive { return .failed(.noTable(error, target.tableReference)) }
            case .timedOut:
                isTroubled = true
            }
        }
        return .cancelled
    }

    private func tableCheckInterval(_ isTroubled: Bool) -> Duration {
        isTroubled || isStreamDoubtful || readiness.state == .stale
            ? settings.limits.troubledTableCheckInterval : settings.limits.tableCheckInterval
    }
}

extension ShardStatus {
    fileprivate init(_ view: ShardView) {
        var last: SequenceNumber?
        if case .after(let sequenceNumber) = view.position { last = sequenceNumber }
        self.init(
            id: view.id,
            parentID: view.parentID,
            phase: view.phase,
            lastSequenceNumber: last,
            lagMilliseconds: view.lagMilliseconds,
            lastError: view.lastError?.description
        )
    }
}
