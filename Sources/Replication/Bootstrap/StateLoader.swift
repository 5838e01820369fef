import Basics
import DynamoDBClient
import DynamoDBStream
import ReplicaStore
import StateStore
import Synchronization
import TableModel

/// A saved state on its way into a generation.
struct Resumption: Sendable {
    let restored: RestoredState
    /// The places in the stream that the contents have.
    let positions: ShardState
    /// From this moment on, in milliseconds since 1970 UTC, records that the positions lead to may have been trimmed without a word.
    let expiresAt: Int64

    /// Whether its table is known to be one of the Region that is called.
    fileprivate func fits(_ called: CalledRegion) -> Bool {
        switch called {
        case .unknown: false
        case .any: true
        case .named(let region): TableARN(restored.identity.streamARN).map { $0.region == region } ?? true
        }
    }
}

/// Reads the saved state, once in the life of the process: after that it is older than the contents in memory.
///
/// It is read before the table is described, so that it can be shown while AWS is away; or later, when the directory is free. Once the
/// table is known, the state is held against it and resumed, or given up.
final class StateLoader: Sendable {
    /// The contents of a state that may be shown before anything is known of the table.
    struct Preview: Sendable {
        let snapshot: StoreSnapshot
        /// Until when the stream is known to have been read into them, in milliseconds since 1970 UTC.
        let streamReadAt: Int64
    }

    /// The judgement of the state once the table is known.
    enum Verdict: Sendable {
        /// There is none.
        case none
        case resume(Resumption)
        /// It is of this table, and too old to be resumed.
        case outdated(StateRejection)
        /// It is of another table or stream.
        case foreign(StateRejection)
    }

    private let context: ReplicationContext
    private let session: StateSession
    private let claim: StateClaim
    private let state = Mutex(State())

    private struct State {
        /// The one reading of the state, in progress or done; nil while nobody has begun it.
        var reading: Task<Void, Never>?
        var found: Resumption?
        var preview: Preview?
        /// Whether the contents are known to be of the Region that is called.
        var isOfRegion = false
    }

    init(_ context: ReplicationContext, _ session: StateSession, _ claim: StateClaim) {
        self.context = context
        self.session = session
        self.claim = claim
    }

    /// The contents that may be shown; nil without a state, once readers see it, and until its Region is known to be the one that is called.
    var preview: Preview? { state.withLock { $0.isOfRegion ? $0.preview : nil } }

    /// The contents are shown, or must not be.
    func dropPreview() { setPreview(nil) }

    private func setPreview(_ preview: Preview?) {
        state.withLock { state in
            state.preview = preview
            context.start.note(hasSavedState: preview != nil && state.isOfRegion)
        }
    }

    /// Compares the contents with the Region that is called, once it is known: the instance metadata service may name it late. Contents of
    /// another one are given up.
    func judgeRegion() async {
        guard state.withLock({ $0.preview != nil && !$0.isOfRegion }) else { return }
        let called = context.region()
        guard called != .unknown else { return }
        let (foreign, isJudged) = state.withLock { state in
            // Once the table is described, `judge` compares the whole identity.
            guard let found = state.found else { return (nil as Resumption?, true) }
            guard !found.fits(called) else { return (nil, false) }
            state.found = nil
            return (found, false)
        }
        if isJudged { return }
        guard let foreign else { return noteOfRegion() }
        dropPreview()
        await giveUp(.otherStream(foreign.restored.identity.streamARN))
    }

    private func noteOfRegion() {
        state.withLock { state in
            state.isOfRegion = true
            context.start.note(hasSavedState: state.preview != nil)
        }
        guard state.withLock({ $0.found != nil }) else { return }
        context.reporter.update { $0.savedState?.start = Self.loaded }
    }

    private static let loaded = "loaded; it is shown only while DynamoDB is away"

    /// Reads the state unless that has begun, or another process has the directory. `isAwaited`: readers would be shown it now, so they are
    /// told why they are not.
    func look(isAwaited: Bool) async {
        guard state.withLock({ $0.reading == nil }), await claim.isFree(isReported: isAwaited) else { return }
        await read()
    }

    /// Reads the state, or waits for the reading that is in progress.
    private func read() async {
        let reading = state.withLock { state in
            let reading = state.reading ?? Task { await load() }
            state.reading = reading
            return reading
        }
        await withTaskCancellationHandler {
            await reading.value
        } onCancel: {
            reading.cancel()
        }
    }

    /// Reads the state. Readers are told the reason if it cannot be used.
    private func load() async {
        let reporter = context.reporter
        reporter.explain(Reason(.resuming, "reading the saved state"))
        let wall = context.time.wallMilliseconds()
        do throws(StateRejection) {
            guard let found = try await restored(at: wall) else {
                return reporter.update { $0.savedState?.start = "read from the table: no state had been saved" }
            }
            let positions = try decode(found.positions)
            let expiresAt = found.streamReadAt + context.settings.stream.limits.retention.wholeMilliseconds
            let resumption = Resumption(restored: found, positions: positions, expiresAt: expiresAt)
            let isOfRegion = resumption.fits(context.region())
            state.withLock { ($0.found, $0.isOfRegion) = (resumption, isOfRegion) }
            reporter.update {
                $0.savedState?.streamReadAt = found.streamReadAt
                $0.savedState?.start =
                    isOfRegion ? Self.loaded : "loaded; it is not shown until the Region is known"
            }
            // Reads are refused during a rebuild then, and one will follow.
            let isOutdated = session.limits.rejection(readAt: found.streamReadAt, at: wall) != nil
            if isOutdated, context.settings.gapPolicy == .rebuildRefusing { return }
            setPreview(Preview(snapshot: found.writer.snapshot(), streamReadAt: found.streamReadAt))
        } catch {
            reject(error)
        }
    }

    /// Judges the state by what is known now. It is used up: a second call finds none. Waits for a directory that another process has.
    func judge(_ target: ReplicationTarget) async -> Verdict {
        if state.withLock({ $0.reading == nil }), !(await claim.wait()) {
            // From now on the state in the directory is another process's, unless it was read while this one waited.
            let isGivenUp = state.withLock { state in
                defer { state.reading = state.reading ?? Task {} }
                return state.reading == nil
            }
            if isGivenUp { return .none }
        }
        await read()
        let found = state.withLock { state in
            defer { state.found = nil }
            return state.found
        }
        guard let found else { return .none }
        let wall = context.time.wallMilliseconds()
        let identity = found.restored.identity
        if let rejection = StateExpectation(target.stateIdentity).difference(identity) {
            await giveUp(rejection)
            return .foreign(rejection)
        }
        if found.positions.streamARN != target.streamARN {
            let rejection = StateRejection.otherStream(found.positions.streamARN)
            await giveUp(rejection)
            return .foreign(rejection)
        }
        if let rejection = session.limits.rejection(readAt: found.restored.streamReadAt, at: wall) {
            noteOfRegion()
            await giveUp(rejection)
            return .outdated(rejection)
        }
        noteOfRegion()
        announce(found.restored, age: max(0, wall - found.restored.streamReadAt) / 1_000)
        return .resume(found)
    }

    private func reject(_ rejection: StateRejection) {
        context.reporter.update {
            $0.savedState?.start = "read from the table: \(rejection)"
            $0.savedState?.streamReadAt = nil
        }
        context.reporter.observe(.stateRejected(rejection))
        if case .tooLarge = rejection { context.memory.release() }
    }

    /// The next save begins a new file.
    private func giveUp(_ rejection: StateRejection) async {
        reject(rejection)
        let work = BackgroundWork { [session] in await session.close() }
        _ = await work.value(within: context.limits.stateAbandonPatience, context.time)
    }

    private func announce(_ found: RestoredState, age: Int64) {
        context.reporter.update {
            $0.savedState?.start = "resumed from a state of \(age) s ago"
            $0.savedState?.isResumed = true
        }
        context.reporter.observe(
            .resumed(seconds: age, epoch: found.writer.epoch.text, newEpochReason: found.newEpochReason)
        )
        // Reported at once: catching up may take a while.
        if let trouble = found.trouble { context.reporter.report(trouble) }
    }

    /// Waits for the state as long as its volume makes progress. Before the table is described its name and Region are known, and where
    /// the setting is an ARN its account.
    private func restored(at wall: Int64) async throws(StateRejection) -> RestoredState? {
        let named = TableARN(context.settings.tableName)
        let expectation = StateExpectation(
            tableName: named?.table ?? context.settings.tableName,
            ignoredAttributes: context.settings.ignoredAttributes
        )
        guard let found = try await restored(expecting: expectation, at: wall) else { return nil }
        let stream = TableARN(found.identity.streamARN)
        if let named, let stream, stream.difference(from: named) != nil {
            throw .otherStream(found.identity.streamARN)
        }
        if case .named(let region) = context.region(), let stream, stream.region != region {
            throw .otherStream(found.identity.streamARN)
        }
        return found
    }

    private func restored(expecting expectation: StateExpectation, at wall: Int64) async throws(StateRejection)
        -> RestoredState?
    {
        let storeLimits = context.settings.storeLimits
        let patience = context.limits.statePatience
        let work = BackgroundWork { [session, memory = context.memory] in
            await session.restored(
                expecting: expectation,
                at: wall,
                storeLimits: storeLimits,
                obstacle: memory.loadObstacle
            )
        }
        var progress = -1
        while true {
            // Twice the time until it is told again: what follows the load takes some as well.
            context.reporter.observe(.stateLoading(seconds: 2 * patience.wholeSeconds))
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

    private func decode(_ positions: [UInt8]) throws(StateRejection) -> ShardState {
        do throws(StreamStateError) { return try ShardState(decoding: positions) } catch {
            throw .damaged("its positions cannot be read (\(error.reason))")
        }
    }
}
