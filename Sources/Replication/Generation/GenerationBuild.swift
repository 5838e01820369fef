import Basics
import DynamoDBClient
import DynamoDBStream
import ReplicaStore
import StateStore
import TableModel

/// One generation of the replica: it is built, published, and then kept equal to the table.
///
/// It has the replicator's executor, so that the two never run at once and the store has one writer at a time.
actor GenerationBuild {
    nonisolated let target: ReplicationTarget
    private nonisolated let owner: any Actor
    private let context: ReplicationContext
    private let tableWatch: TableWatch
    private let contents: GenerationContents
    private var progress: BootstrapProgress
    let isResumed: Bool

    nonisolated var unownedExecutor: UnownedSerialExecutor { owner.unownedExecutor }

    /// A generation on the executor of `owner`, without contents or with those of a saved state.
    init(
        _ context: ReplicationContext,
        _ tableWatch: TableWatch,
        _ target: ReplicationTarget,
        _ resumption: Resumption?,
        on owner: any Actor
    ) {
        self.context = context
        self.tableWatch = tableWatch
        self.target = target
        self.owner = owner
        isResumed = resumption != nil
        contents = GenerationContents(context, target, restored: resumption?.restored.writer)
        progress = BootstrapProgress(
            approximateItems: target.approximateItems,
            segments: context.settings.segments(approximateItems: target.approximateItems)
        )
    }

    /// When readers first saw it, on the continuous clock; nil before.
    var liveSince: Duration? { contents.publishedAt }
    var isLive: Bool { liveSince != nil }

    // MARK: Bootstrap

    /// Tells readers what begins, before anything is read.
    func begin() {
        if context.reporter.readiness.state == .starting {
            let reason =
                isResumed
                ? Reason(.resuming, "catching up from the saved state")
                : Reason(.bookmarking, "taking the bookmark of the stream")
            context.reporter.transition { $0.beginGeneration(reason.text, code: reason.code) }
        } else if isResumed {
            context.reporter.explain(Reason(.resuming, "catching up from the saved state"))
        }
        context.reporter.update {
            $0.streamARN = target.streamARN
            $0.scanUnitsPerSecond = context.settings.scanCapacity.rate(for: target.capacity).wholeUnits
            BootstrapProgress.clear(&$0)
        }
    }

    /// The scan begins at `moment`; returns the number of its segments.
    func scanBegins(at moment: StreamTime) -> Int {
        contents.scanBegins(target, at: moment)
        progress.scanBegan(at: context.time.continuous())
        context.reporter.update { $0.scanSegments = progress.segments }
        context.reporter.explain(progress.step)
        return progress.segments
    }

    /// Applies a page of the scan, which now reads at `rate` units a second.
    func apply(_ page: ScanPage, rate: Int?) {
        contents.apply(page)
        context.reporter.update { $0.scanUnitsPerSecond = rate }
        progress.took(page)
        showProgress()
    }

    /// A segment of the scan was read to its end.
    func segmentEnded() {
        progress.segmentEnded()
        showProgress()
    }

    /// A page of the scan failed and is retried, at `rate` units a second.
    func scanFailed(_ error: DynamoDBError, rate: Int?) {
        context.reporter.update { $0.scanUnitsPerSecond = rate }
        progress.scanFailed(error)
        context.reporter.report(error)
    }

    /// Everything up to `moment` is in the contents, or comes with the stream.
    func scanEnds(at moment: StreamTime) {
        progress.scanEnded(at: moment)
        context.reporter.explain(progress.step)
        context.reporter.update { $0.scanEstimatedSecondsLeft = 0 }
    }

    private func showProgress() {
        let now = context.time.continuous()
        context.reporter.update { progress.show(in: &$0, at: now) }
        context.reporter.observe(progress.event)
    }

    /// Takes the old contents from readers, because old and new ones do not fit into memory together. Returns whether there were any.
    func dropOldContents(_ reason: String) -> Bool {
        // Those of a resumed generation are its own.
        guard !isLive, !isResumed, context.store.snapshot != nil else { return false }
        context.dropContents(reason)
        return true
    }

    // MARK: Following

    /// See `GenerationContents.apply`.
    func apply(_ delivery: StreamDelivery, holdsNewerItems: Bool) -> DeliveryOutcome {
        contents.apply(delivery, holdsNewerItems: holdsNewerItems)
    }

    /// See `GenerationContents.applyWhileFull`.
    func applyWhileFull(_ delivery: StreamDelivery, holdsNewerItems: Bool, hasReserve: Bool) -> DeliveryOutcome? {
        contents.applyWhileFull(delivery, holdsNewerItems: holdsNewerItems, hasReserve: hasReserve)
    }

    /// Judges the state again and again: publishes the generation when it has caught up, and ends a start that cannot succeed.
    func watch(_ stream: FollowedStream) async -> GenerationEnd? {
        while await context.pause(context.limits.watchInterval) {
            let view = await stream.poller.view()
            tableWatch.note(view)
            if let scanEnd = progress.scanEnd, !isLive, await stream.poller.hasCaughtUp(since: scanEnd),
                !Task.isCancelled
            {
                contents.begin(completeStamp: view.completeStamp, scanEnd: isResumed ? nil : scanEnd)
                tableWatch.clearCondition()
                // State and lag change together: between two steps a reader would be told that the replica is live and hours behind.
                context.reporter.transition(lookedAt: view.asOf) {
                    show(view, in: &$0)
                } _: {
                    $0.goLive()
                }
            }
            show(view)
            if let end = startEnd(view) { return end }
        }
        return .cancelled
    }

    /// The end of a start whose stream or scan is refused. Where a saved state was resumed, a shard that is not found is a gap.
    private func startEnd(_ view: StreamView) -> GenerationEnd? {
        guard let calls = context.start.calls, !context.reporter.readiness.hasBeenLive else { return nil }
        let rule = context.startRule
        if isResumed, let error = rule.lostShard(calls) {
            return context.reporter.reportGap(
                "the saved state has a place in a shard that is gone: \(error.description)"
            )
        }
        return rule.refusal(calls, isBookmarked: view.isBookmarked).map(GenerationEnd.failed)
    }

    /// Tells readers of the stream as it was when the view was taken: a late view says nothing about the time since, and its lag ends with
    /// that moment too.
    private func show(_ view: StreamView) {
        guard isLive else {
            context.reporter.update(lookedAt: view.asOf) { status in
                status.shards = view.shards.map(ShardStatus.init)
                // Until this generation is published, the stream's lag is not the lag of the published contents.
                if status.servedAsOf == nil { status.lagMilliseconds = view.lagMilliseconds }
            }
            return context.reporter.explain(progress.waiting(view))
        }
        if let stamp = view.completeStamp { contents.completed(stamp) }
        var condition = tableWatch.condition
        if condition.obstacle == nil { condition.obstacle = context.memory.obstacle }
        let evidence = Readiness.Evidence(view, condition)
        context.reporter.transition(lookedAt: view.asOf) {
            show(view, in: &$0)
        } _: {
            $0.judge(evidence, maximumLag: context.settings.maximumLag)
        }
    }

    /// Writes the shards and the lag of `view` into `status`; only for contents that are published.
    private func show(_ view: StreamView, in status: inout ReplicationStatus) {
        status.shards = view.shards.map(ShardStatus.init)
        status.lagMilliseconds = view.lagMilliseconds
        if let lag = view.lagMilliseconds { status.servedAsOf = view.asOf - .milliseconds(lag) }
    }

    // MARK: Saving and verification

    /// See `GenerationContents.snapshotToSave`.
    func snapshotToSave() -> StoreSnapshot? { contents.snapshotToSave() }

    /// Records that were skipped and that no comparison has covered since.
    var skippedRecords: Int { contents.skippedRecords }

    /// The published snapshot with `skippedRecords` at that moment; nil while the generation is not live.
    func verifiable() -> (snapshot: StoreSnapshot, skippedRecords: Int)? {
        guard isLive, context.reporter.readiness.state == .live, let snapshot = context.store.snapshot else {
            return nil
        }
        return (snapshot, contents.skippedRecords)
    }

    /// See `GenerationContents.compared`.
    func compared(_ pass: VerificationPass) -> Int { contents.compared(pass) }

    /// See `GenerationContents.repair`.
    func repair(
        _ states: [ItemKey: TableItem],
        _ before: [ItemKey: UInt64],
        _ pass: VerificationPass,
        _ images: ImageCompletion
    ) {
        contents.repair(states, before, pass, images)
    }
}
