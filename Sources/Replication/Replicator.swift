package import Basics
package import DynamoDBClient
import DynamoDBStream
package import ReplicaStore
package import StateStore
import Synchronization
import TableModel

/// Keeps a `ReplicaStore` equal to a DynamoDB table: bookmark, scan, catch up, publish, follow for ever; and again from the
/// beginning, behind what is published, when records are lost.
///
/// The actor is the store's only writer. It is visited once per scan page and once per delivery, never per row; calls and
/// parsing run outside it.
package actor Replicator {
    nonisolated let settings: ReplicationSettings
    nonisolated let table: any DynamoDBAPI
    nonisolated let streams: any DynamoDBStreamsAPI
    nonisolated let store: ReplicaStore
    nonisolated let time: TimeSource
    nonisolated let observer: any ReplicationObserver
    nonisolated let board: StatusBoard
    /// Whether replication stands still, by what readers are told: outside of the actor, which may be what is blocked. Its lock is taken
    /// before the board's, and held for a copy as theirs are.
    nonisolated let stallWatch = Mutex(StallWatch())
    nonisolated let bounds: Freshness.Bounds
    /// Where the state is saved; nil when it is not.
    nonisolated let keeper: StateKeeper?

    var readiness = Readiness()
    var generation: Generation?
    /// Which table it is; what comes back is held against it.
    var identity: TableIdentity
    /// What the table itself says, beside its stream.
    var isTableMissing = false
    var isStreamDisabled = false
    /// The service does not find the stream, or a shard of it: the table's description tells why.
    var isStreamDoubtful = false
    /// Event names that were reported once.
    var reportedEventNames: Set<String> = []
    /// The volume of the saved state did not respond when it was last waited for.
    var isStateUnresponsive = false
    /// The saved state is read once: after that it is older than what is in memory.
    var hasTriedState = false

    /// A replicator that has asked nothing yet.
    package init(
        settings: ReplicationSettings,
        table: any DynamoDBAPI,
        streams: any DynamoDBStreamsAPI,
        store: ReplicaStore,
        time: TimeSource,
        observer: any ReplicationObserver,
        keeper: StateKeeper? = nil
    ) {
        self.settings = settings
        self.table = table
        self.streams = IdentifiedStreams(streams)
        identity = TableIdentity(settings.tableName)
        self.store = store
        self.time = time
        self.observer = observer
        self.keeper = keeper
        bounds = Freshness.Bounds(settings)
        var status = ReplicationStatus()
        status.tableName = settings.tableName
        status.stateSince = time.wallMilliseconds()
        if keeper != nil { status.savedState = SavedStateStatus() }
        board = StatusBoard(status)
    }

    /// Replicates until the task is cancelled. Throws when the start cannot succeed; once the replica has been live, every
    /// trouble is waited out or mended by a rebuild, and said in `status`.
    package func run() async throws(ReplicationFailure) {
        var rebuilds = 0
        var missing: (streamARN: String, since: Duration)?
        while !Task.isCancelled {
            guard let target = try await findTable() else { return }
            let end = await build(target, from: await resume(target))
            let livedFor = generation?.liveSince.map { time.continuous() - $0 }
            generation = nil
            let reason: Reason
            switch end {
            case .cancelled: return
            case .rebuild(let why):
                if readiness.hasBeenLive, settings.gapPolicy == .exit { throw .gap(why.text) }
                if why.code != .streamMissing || missing?.streamARN != target.streamARN { missing = nil }
                if why.code == .streamMissing {
                    // The table was described anew each time, and goes on naming a stream that its endpoint does not know.
                    let since = missing?.since ?? time.continuous()
                    missing = (target.streamARN, since)
                    if !readiness.hasBeenLive, time.continuous() - since >= settings.limits.startLimit {
                        throw .streamMissing(target)
                    }
                }
                reason = why
            case .failed(let failure):
                guard readiness.hasBeenLive else { throw failure }
                reason = Reason(.scanFailed, failure.description)
            }
            if let livedFor, livedFor >= settings.limits.rebuildForgiveness { rebuilds = 0 }
            beginRebuild(reason)
            guard await pause(settings.limits.rebuildWait(rebuilds: rebuilds)) else { return }
            rebuilds += 1
        }
    }

    private func beginRebuild(_ reason: Reason) {
        board.update {
            $0.lastError = reason.text
            $0.rebuilds += 1
        }
        transition { $0.beginGeneration(reason.text, code: reason.code) }
        observer.observe(.rebuild(reason: reason.text))
        guard settings.gapPolicy == .rebuildRefusing, store.snapshot != nil else { return }
        board.update { $0.isWithheld = true }
        store.withdraw()
    }

    /// Asks DescribeTable until the table can be followed; nil when cancelled.
    private func findTable() async throws(ReplicationFailure) -> ReplicationTarget? {
        let probe = TableProbe(api: table, tableName: settings.tableName, time: time)
        let began = time.continuous()
        var hasAnswered = readiness.hasBeenLive
        var failures = 0
        var lastError: DynamoDBError?
        while !Task.isCancelled {
            let left = settings.limits.startLimit - (time.continuous() - began)
            let answer = await probe.ask(within: hasAnswered ? nil : max(.zero, left))
            var wait = settings.limits.backoff.wait(failures: failures, fraction: time.random())
            failures += 1
            switch answer {
            case .described(let description):
                hasAnswered = true
                failures = 0
                switch judge(description) {
                case .ready(let target): return target
                case .wait(let reason):
                    explain(reason.text, reason.code)
                    wait = .seconds(1)
                case .foreign(let failure):
                    guard readiness.hasBeenLive else { throw failure }
                    explain(failure.description, .otherTable)
                    wait = settings.limits.troubledTableCheckInterval
                case .failed(let failure):
                    guard readiness.hasBeenLive else { throw failure }
                    explain(failure.description, description.streamEnabled ? .tableMissing : .streamDisabled)
                    wait = settings.limits.troubledTableCheckInterval
                }
            case .failed(let error):
                if error.kind == .cancelled || Task.isCancelled { return nil }
                lastError = error
                report(error)
                if !readiness.hasBeenLive, let failure = startFailure(error) { throw failure }
                explain(
                    "DescribeTable failed: \(error.description)",
                    error.kind == .notFound ? .tableMissing : ReasonCode(error.kind)
                )
            case .timedOut:
                if Task.isCancelled { return nil }
            }
            if !hasAnswered, time.continuous() - began >= settings.limits.startLimit { throw noAnswer(lastError) }
            guard await pause(wait) else { return nil }
        }
        return nil
    }

    /// Judges a description of the table, and keeps the first ARN that one of it brings.
    func judge(_ description: TableDescription) -> ReplicationTarget.Verdict {
        let verdict = ReplicationTarget.judge(description, identity)
        if case .foreign = verdict { return verdict }
        identity.learn(description)
        return verdict
    }

    /// What no waiting can mend before anything has ever worked.
    private func startFailure(_ error: DynamoDBError) -> ReplicationFailure? {
        switch error.kind {
        case .notFound: .noTable(error, settings.tableName)
        case .accessDenied, .fatal: ReplicationFailure(error)
        default: nil
        }
    }

    private func noAnswer(_ error: DynamoDBError?) -> ReplicationFailure {
        error.map(ReplicationFailure.init)
            ?? ReplicationFailure(
                kind: .runtime,
                message: "DescribeTable \(settings.tableName) had no answer within "
                    + "\(settings.limits.startLimit.wholeSeconds) s",
                hint: "Check the endpoint, the region and the network."
            )
    }

    /// Sleeps; false when cancelled.
    func pause(_ duration: Duration) async -> Bool {
        guard !Task.isCancelled else { return false }
        return duration == .zero ? true : (try? await time.sleep(duration)) != nil
    }

    nonisolated func report(_ error: DynamoDBError) {
        board.update { $0.lastError = error.description }
        observer.observe(.tableTrouble(error))
    }

    /// Says what is waited for, without a change of state.
    func explain(_ reason: String, _ code: ReasonCode) { transition { $0.explain(reason, code: code) } }

    /// Changes the state and tells everybody. With `moment`, on the continuous clock, it is by a look at all that is followed, and `show`
    /// writes what else that look showed: readers and the watch see all of it at once, or nothing.
    func transition(
        lookedAt moment: Duration? = nil,
        showing show: (inout ReplicationStatus) -> Void = { _ in },
        _ change: (inout Readiness) -> Void
    ) {
        let before = readiness
        change(&readiness)
        let after = readiness
        guard moment != nil || after != before else { return }
        let wall = time.wallMilliseconds()
        let isStalled = stallWatch.withLock { watch in
            board.update(lookedAt: moment) { status in
                show(&status)
                status.state = after.state
                status.reason = after.reason
                status.reasonCode = after.code
                guard before.state != after.state else { return }
                status.stateSince = wall
                // What was counted as a stall is one departure, whatever replication finds when it goes on.
                if before.state == .live, watch.stall == nil { status.departures[after.code, default: 0] += 1 }
            }
            return watch.stall != nil
        }
        if let news = ReplicationEvent(from: before, to: after, isStalled: isStalled) { observer.observe(news) }
    }
}
