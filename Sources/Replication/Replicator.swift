package import Basics
package import DynamoDBClient
import DynamoDBStream
package import ReplicaStore
package import StateStore
import TableModel

/// Keeps a `ReplicaStore` equal to a DynamoDB table: bookmark, scan, catch up, publish, follow. When records are lost it builds a new
/// generation behind the published one.
///
/// The parts of a generation run side by side. Contents and readiness change only on this actor's executor; calls and parsing
/// run outside of it. It is visited once a scan page and once a delivery, never once a row.
package actor Replicator {
    private let context: ReplicationContext
    private let tableWatch: TableWatch
    private let unknownRecords: UnknownRecords
    /// Nil without a state directory.
    private let savedState: (loader: StateLoader, saver: StateSaver)?
    /// Whether DescribeTable has been answered.
    private var isDescribed = false
    /// Whether the table is looked for, at first and after each generation.
    private var isSearching = true

    /// A replicator that has called nothing yet. `session` saves the state; without it each start reads the table. `memory` bounds what it
    /// keeps. `region` tells the Region that is called, as far as it is known.
    package init(
        settings: ReplicationSettings,
        table: any DynamoDBAPI,
        streams: any DynamoDBStreamsAPI,
        store: ReplicaStore,
        time: TimeSource,
        observer: any ReplicationObserver,
        session: StateSession? = nil,
        memory: MemoryReadings = .unlimited,
        region: @escaping @Sendable () -> CalledRegion = { .any }
    ) {
        let ignored = settings.ignoredAttributes
        let start = StartWatch(settings.limits, time)
        let watchedTable = WatchedTable(table, start)
        let watchedStreams = WatchedStreams(IdentifiedStreams(streams), start)
        let reporter = StateReporter(settings, savesState: session != nil, time, observer)
        let context = ReplicationContext(
            settings: settings,
            table: ignored.isEmpty ? watchedTable : FilteredTable(watchedTable, without: ignored),
            streams: ignored.isEmpty ? watchedStreams : FilteredStreams(watchedStreams, without: ignored),
            store: store,
            time: time,
            reporter: reporter,
            start: start,
            memory: MemoryWatch(memory, settings.limits, time, reporter),
            region: region
        )
        let tableWatch = TableWatch(context)
        self.context = context
        self.tableWatch = tableWatch
        unknownRecords = UnknownRecords { observer.observe(.unknownRecord(eventName: $0, shardID: $1)) }
        savedState = session.map { session in
            let claim = StateClaim(context, session)
            return (StateLoader(context, session, claim), StateSaver(context, session, claim, tableWatch))
        }
    }

    /// The state, for any thread.
    package nonisolated var status: ReplicationStatus { context.reporter.status }

    /// The part of the status that every response needs, for any thread. Milliseconds; nil while unknown.
    package nonisolated var stateAndLag: (state: ReplicaState, lagMilliseconds: Int64?) { context.reporter.stateAndLag }

    /// Reports a stall of replication once, and its end. Called a few times a second by a thread that replication has no part in.
    package nonisolated func watchForStalls() { context.reporter.watchForStalls() }

    /// Replicates until the task is cancelled. Throws when the start cannot succeed, or under `GapPolicy.exit`. Once the replica has been
    /// live, it waits every other trouble out or rebuilds, and `status` says so.
    package func run() async throws(ReplicationFailure) {
        await savedState?.loader.look(isAwaited: false)
        let outcome = await withTaskGroup(of: Result<Void, ReplicationFailure>?.self) { group in
            group.addTask { await self.replicated() }
            group.addTask { await self.watchStart().map { .failure($0) } }
            defer { group.cancelAll() }
            while let end = await group.next() {
                if let end { return end }
            }
            return .success(())
        }
        try outcome.get()
    }

    private func replicated() async -> Result<Void, ReplicationFailure> {
        do throws(ReplicationFailure) { return .success(try await replicate()) } catch { return .failure(error) }
    }

    /// Watches the calls until the replica is live. Returns the failure of a start that has waited for long enough.
    private func watchStart() async -> ReplicationFailure? {
        var lookedAt = context.time.continuous()
        while !context.reporter.readiness.hasBeenLive {
            let now = context.time.continuous()
            // A process that stood still has not given its calls the time that has passed.
            if now - lookedAt > context.limits.watchGrace {
                context.start.stoodStill(for: now - lookedAt)
            } else if let failure = await lookAtCalls() {
                return failure
            }
            // A look at the saved state may have taken a while.
            lookedAt = context.time.continuous()
            guard await context.pause(context.limits.watchInterval) else { return nil }
        }
        context.start.end()
        savedState?.loader.dropPreview()
        return nil
    }

    /// Shows the saved state if AWS is away. Returns the failure of a start that is to end.
    private func lookAtCalls() async -> ReplicationFailure? {
        await savedState?.loader.judgeRegion()
        if isAway {
            await savedState?.loader.look(isAwaited: true)
            await savedState?.loader.judgeRegion()
            // Reading it may have taken a while.
            if isAway { showSavedState() }
        }
        let (rule, now) = (context.startRule, context.time.continuous())
        return context.start.calls.flatMap { rule.failure($0, at: now, isSearching: isSearching) }
    }

    /// Whether AWS is away. A shard that is at its head is called once in the poll interval.
    private var isAway: Bool {
        let patience = context.limits.previewPatience + (isDescribed ? context.settings.stream.pollInterval : .zero)
        return context.start.calls?.isAway(for: patience, at: context.time.continuous()) ?? false
    }

    private func replicate() async throws(ReplicationFailure) {
        let search = TableSearch(context, tableWatch, savedState?.loader)
        var schedule = RebuildSchedule(context.settings)
        while !Task.isCancelled {
            isSearching = true
            guard let target = try await search.find() else { return }
            (isDescribed, isSearching) = (true, false)
            let resumption = await resumption(target)
            if resumption == nil { makeRoom(for: target) }
            let (end, liveFor) = await follow(target, from: resumption)
            let hasBeenLive = context.reporter.readiness.hasBeenLive
            guard
                let rebuild = try schedule.next(
                    after: end,
                    of: target,
                    liveFor: liveFor,
                    isResumed: resumption != nil,
                    hasBeenLive: hasBeenLive,
                    at: context.time.continuous()
                )
            else { return }
            beginRebuild(rebuild)
            let isOver =
                rebuild.needsMemory
                ? await context.memory.pause(rebuild.wait) : await context.pause(rebuild.wait)
            guard isOver else { return }
        }
    }

    /// Builds a generation and follows the stream until that is no longer possible. Also returns how long readers saw the generation; nil
    /// when they never did.
    ///
    /// The first part that ends with an outcome ends all.
    private func follow(
        _ target: ReplicationTarget,
        from resumption: Resumption?
    ) async -> (end: GenerationEnd, liveFor: Duration?) {
        context.start.beginGeneration()
        let build = GenerationBuild(context, tableWatch, target, resumption, on: self)
        await build.begin()
        let stream = FollowedStream(context, target, resumption, unknownRecords)
        if resumption != nil { await build.scanEnds(at: stream.now) }
        let bootstrap = Bootstrap(context, build, stream, expiresAt: resumption?.expiresAt)
        let verifier = Verifier(context, build, stream, isResumed: resumption != nil)
        let end = await withTaskGroup(of: GenerationEnd?.self) { group in
            group.addTask { await stream.follow(into: build) }
            group.addTask { await stream.gap(self.tableWatch, target) }
            if let saver = savedState?.saver { group.addTask { await saver.run(build, stream) } }
            group.addTask { await bootstrap.run() }
            group.addTask { await build.watch(stream) }
            group.addTask { await verifier.run() }
            group.addTask { await self.tableWatch.follow(target) }
            group.addTask { await self.context.memory.follow(build) }
            defer { group.cancelAll() }
            while let end = await group.next() {
                if let end { return end }
            }
            return .cancelled
        }
        await savedState?.saver.end(build, stream, end)
        return (end, await build.liveSince.map { context.time.continuous() - $0 })
    }

    /// Shows the contents of the saved state as they are, unless there are newer ones. Only when AWS is away, or the state cannot be resumed:
    /// while AWS is there the replica is caught up in a moment, and readers of a process that was killed are not shown what it had not saved.
    private func showSavedState() {
        guard let loader = savedState?.loader, let preview = loader.preview else { return }
        defer { loader.dropPreview() }
        guard context.store.snapshot == nil, !context.reporter.readiness.hasBeenLive else { return }
        let age = max(0, context.time.wallMilliseconds() - preview.streamReadAt)
        context.store.publish(preview.snapshot)
        context.reporter.update {
            $0.lagMilliseconds = age
            $0.servedAsOf = context.time.continuous() - .milliseconds(age)
            if !isDescribed {
                $0.savedState?.start = "served as it was saved: the table has not been described yet"
            }
        }
        context.reporter.transition { $0.showSavedState() }
    }

    /// The saved state, if `target` can be followed from it. Otherwise what is shown of it stays until the table has been read, unless it is
    /// another table's.
    private func resumption(_ target: ReplicationTarget) async -> Resumption? {
        let rejection: StateRejection
        switch await savedState?.loader.judge(target) ?? .none {
        case .none:
            savedState?.loader.dropPreview()
            return nil
        case .resume(let resumption): return resumption
        case .outdated(let reason):
            rejection = reason
            showSavedState()
            if context.settings.gapPolicy == .rebuildRefusing { context.withhold() }
        case .foreign(let reason):
            rejection = reason
            savedState?.loader.dropPreview()
            context.withhold()
        }
        guard context.reporter.readiness.servesSavedState else { return nil }
        context.reporter.transition {
            $0.beginGeneration("the saved state is not used: \(rejection)", code: .savedState)
        }
        return nil
    }

    private func beginRebuild(_ rebuild: RebuildSchedule.Rebuild) {
        context.reporter.beginRebuild(rebuild.reason, isPaused: rebuild.needsMemory)
        guard context.settings.gapPolicy == .rebuildRefusing else { return }
        savedState?.loader.dropPreview()
        context.withhold()
    }

    /// Takes the old contents from readers where those of `target` would not fit beside them.
    private func makeRoom(for target: ReplicationTarget) {
        guard let snapshot = context.store.snapshot else { return }
        let shown = TableMemory(bytes: Int64(snapshot.itemBytes), items: Int64(snapshot.itemCount))
        guard let reason = context.memory.refusal(of: target.memory, beside: shown) else { return }
        savedState?.loader.dropPreview()
        context.dropContents(reason)
    }
}
