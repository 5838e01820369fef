package import Basics
import DynamoDBClient
import StateStore
import Synchronization
import TableModel

/// Moves the replica from state to state, and tells readers and the observer.
///
/// Readers judge the state at the time of reading and outside of the replicator's actor: if that is blocked, lag grows. Readiness and the
/// stall watch have one lock, which is taken before the locks of the status. So readers and the watch see all of a look, or nothing of it.
package final class StateReporter: Sendable {
    private struct State {
        var readiness: Readiness
        var stallWatch = StallWatch()
    }

    private let state: Mutex<State>
    private let cell: StatusCell
    private let bounds: Freshness.Bounds
    private let unreadableReports: Int
    private let time: TimeSource
    private let observer: any ReplicationObserver

    /// A replica of which nothing is known yet. `source` is what it follows, in words.
    package init(
        _ settings: ReplicationSettings,
        savesState: Bool,
        following source: String = "the stream",
        _ time: TimeSource,
        _ observer: any ReplicationObserver
    ) {
        var status = ReplicationStatus()
        status.tableName = settings.tableName
        status.ignoredAttributes = settings.ignoredAttributes.description
        status.stateSince = time.wallMilliseconds()
        if savesState { status.savedState = SavedStateStatus() }
        state = Mutex(State(readiness: Readiness(following: source)))
        cell = StatusCell(status)
        bounds = Freshness.Bounds(settings)
        unreadableReports = settings.limits.unreadableReports
        self.time = time
        self.observer = observer
    }

    // MARK: Reading

    /// The state as replication itself last found it.
    package var readiness: Readiness { state.withLock { $0.readiness } }

    /// The status as replication last wrote it.
    var written: ReplicationStatus { cell.status }

    /// The status as readers are told it now.
    package var status: ReplicationStatus {
        let (verdict, stalls) = judged
        var status = cell.status
        if stalls.departures > 0 { status.departures[.stalled, default: 0] += stalls.departures }
        status.lagMilliseconds = verdict.lagMilliseconds
        guard let silence = verdict.silence else { return status }
        let reason = Reason.stalled(for: silence)
        let since = stalls.stall?.noticedAt ?? time.wallMilliseconds()
        status.stateSince = status.state == verdict.state ? min(status.stateSince, since) : since
        status.state = verdict.state
        status.reason = reason.text
        status.reasonCode = reason.code
        for index in status.shards.indices { status.shards[index].addLag(silence) }
        return status
    }

    /// The part of the status that every response needs.
    package var stateAndLag: (state: ReplicaState, lagMilliseconds: Int64?) {
        let (verdict, _) = judged
        return (verdict.state, verdict.lagMilliseconds)
    }

    private var judged: (verdict: Freshness.Verdict, stalls: StallWatch) {
        state.withLock { state in
            let known = cell.freshness
            return (known.judged(at: time.continuous(), by: bounds, during: state.stallWatch.stall), state.stallWatch)
        }
    }

    /// Reports a stall of replication once, and its end.
    package func watchForStalls() {
        let wall = time.wallMilliseconds()
        let news = state.withLock { state in
            let known = cell.freshness
            return state.stallWatch.look(at: known, by: bounds, now: time.continuous(), wallMilliseconds: wall)
        }
        if let news { observer.observe(ReplicationEvent(news)) }
    }

    // MARK: Changing the state

    /// Says what replication waits for, without a change of state.
    package func explain(_ reason: Reason) { transition { $0.explain(reason.text, code: reason.code) } }

    /// A generation is built again because the one before it has ended; `isPaused` after a pause.
    package func beginRebuild(_ reason: Reason, isPaused: Bool = false) {
        update {
            $0.lastError = reason.text
            $0.rebuilds += 1
        }
        transition { $0.beginGeneration(reason.text, code: reason.code) }
        observe(isPaused ? .scanFull(reason: reason.text) : .rebuild(reason: reason.text))
    }

    /// Changes the readiness and tells everybody. `moment`, on the continuous clock, is when replication looked at all that it follows; nil
    /// when the change does not come from a look. `show` writes the rest of that look.
    package func transition(
        lookedAt moment: Duration? = nil,
        showing show: (inout ReplicationStatus) -> Void = { _ in },
        _ change: (inout Readiness) -> Void
    ) {
        let wall = time.wallMilliseconds()
        let news: ReplicationEvent? = state.withLock { state in
            let before = state.readiness
            change(&state.readiness)
            let after = state.readiness
            guard moment != nil || after != before else { return nil }
            let isStalled = state.stallWatch.stall != nil
            cell.update(lookedAt: moment) { status in
                show(&status)
                status.state = after.state
                status.reason = after.reason
                status.reasonCode = after.code
                status.servesSavedState = after.servesSavedState
                guard before.state != after.state else { return }
                status.stateSince = wall
                // A stall was counted as a departure already, whatever replication finds when it resumes.
                if before.state == .live, !isStalled { status.departures[after.code, default: 0] += 1 }
            }
            return ReplicationEvent(from: before, to: after, isStalled: isStalled)
        }
        if let news { observer.observe(news) }
    }

    // MARK: Reporting

    /// Changes the rest of the status. `moment` is as in `transition`.
    package func update(lookedAt moment: Duration? = nil, _ change: (inout ReplicationStatus) -> Void) {
        cell.update(lookedAt: moment, change)
    }

    /// Tells the observer.
    package func observe(_ event: ReplicationEvent) { observer.observe(event) }

    /// A read of the table failed and is retried.
    func report(_ error: DynamoDBError) {
        update { $0.lastError = error.description }
        observe(.tableTrouble(error))
    }

    /// A shard's call, or a listing (nil), failed and is retried.
    func report(_ error: DynamoDBError, shardID: String?) {
        update { $0.lastError = error.description }
        observe(.shardTrouble(shardID: shardID, error))
    }

    /// Something of the table cannot be read.
    func report(_ unreadable: UnreadableReport) {
        let report = UnreadableStatus.Report(text: unreadable.text, at: time.wallMilliseconds())
        update { $0.unreadable.recent = Array(([report] + $0.unreadable.recent).prefix(unreadableReports)) }
        observe(.unreadable(text: unreadable.text))
    }

    /// Loading or saving the state failed.
    func report(_ trouble: StateTrouble) {
        update {
            $0.savedState?.trouble = trouble.description
            $0.savedState?.failures += 1
        }
        observe(.stateTrouble(trouble))
    }

    /// Records were lost; the outcome is a rebuild.
    func reportGap(_ text: String, _ code: ReasonCode = .gap) -> GenerationEnd {
        observe(.gap(text))
        return .rebuild(Reason(code, text))
    }
}

extension Reason {
    /// Replication has completed no read for so long.
    static func stalled(for silence: Duration) -> Reason {
        Reason(.stalled, "replication has not completed a read for \(silence.wholeSeconds) s")
    }
}

extension ShardStatus {
    /// During a stall nothing is known of the shard either.
    fileprivate mutating func addLag(_ silence: Duration) {
        if let lag = lagMilliseconds { lagMilliseconds = lag + silence.wholeMilliseconds }
    }
}
