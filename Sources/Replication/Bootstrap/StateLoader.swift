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
}

/// Reads the saved state, once in the life of the process: after that it is older than the contents in memory.
///
/// It is read before the table is described, so that it can be shown while AWS is away. Once the table is known, the state is held against
/// it and resumed, or given up.
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
    private let state = Mutex<(isRead: Bool, found: Resumption?)>((false, nil))

    init(_ context: ReplicationContext, _ session: StateSession, _ claim: StateClaim) {
        self.context = context
        self.session = session
        self.claim = claim
    }

    /// Reads the state. Returns the contents that may be shown; nil where there are none, and while another process has the directory.
    func preview() async -> Preview? {
        guard await claim.isFree() else { return nil }
        return await load()
    }

    /// Reads the state; nil where none can be used, or none may be shown. Readers are told the reason.
    private func load() async -> Preview? {
        state.withLock { $0.isRead = true }
        let reporter = context.reporter
        reporter.explain(Reason(.resuming, "reading the saved state"))
        let wall = context.time.wallMilliseconds()
        do throws(StateRejection) {
            guard let found = try await read(at: wall) else {
                reporter.update { $0.savedState?.start = "read from the table: no state had been saved" }
                return nil
            }
            let positions = try decode(found.positions)
            let expiresAt = found.streamReadAt + context.settings.stream.limits.retention.wholeMilliseconds
            let resumption = Resumption(restored: found, positions: positions, expiresAt: expiresAt)
            state.withLock { $0.found = resumption }
            reporter.update { $0.savedState?.streamReadAt = found.streamReadAt }
            // Reads are refused during a rebuild then, and one will follow.
            let isOutdated = session.limits.rejection(readAt: found.streamReadAt, at: wall) != nil
            if isOutdated, context.settings.gapPolicy == .rebuildRefusing { return nil }
            reporter.update { $0.savedState?.start = "served as it was saved: the table has not been described yet" }
            return Preview(snapshot: found.writer.snapshot(), streamReadAt: found.streamReadAt)
        } catch {
            reject(error)
            return nil
        }
    }

    /// Judges the state by what is known now. It is used up: a second call finds none. Waits for a directory that another process has.
    func judge(_ target: ReplicationTarget) async -> Verdict {
        if !state.withLock(\.isRead) {
            state.withLock { $0.isRead = true }
            guard await claim.wait() else { return .none }
            _ = await load()
        }
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
            await giveUp(rejection)
            return .outdated(rejection)
        }
        announce(found.restored, age: max(0, wall - found.restored.streamReadAt) / 1_000)
        return .resume(found)
    }

    private func reject(_ rejection: StateRejection) {
        context.reporter.update {
            $0.savedState?.start = "read from the table: \(rejection)"
            $0.savedState?.streamReadAt = nil
        }
        context.reporter.observe(.stateRejected(rejection))
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
    private func read(at wall: Int64) async throws(StateRejection) -> RestoredState? {
        let named = TableARN(context.settings.tableName)
        let expectation = StateExpectation(
            tableName: named?.table ?? context.settings.tableName,
            ignoredAttributes: context.settings.ignoredAttributes
        )
        guard let found = try await load(expectation, at: wall) else { return nil }
        let stream = TableARN(found.identity.streamARN)
        if let named, let stream, stream.difference(from: named) != nil {
            throw .otherStream(found.identity.streamARN)
        }
        if let region = context.settings.region, let stream, stream.region != region {
            throw .otherStream(found.identity.streamARN)
        }
        return found
    }

    private func load(_ expectation: StateExpectation, at wall: Int64) async throws(StateRejection) -> RestoredState? {
        let storeLimits = context.settings.storeLimits
        let patience = context.limits.statePatience
        let work = BackgroundWork { [session] in
            await session.restored(expecting: expectation, at: wall, storeLimits: storeLimits)
        }
        var progress = -1
        while true {
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
