import Basics
import DynamoDBClient
import Logging
import Replication
import StateStore
import Synchronization

/// Writes the events of replication to the log, and says when the service has started and is ready.
final class ReplicationReporter: ReplicationObserver {
    private struct State {
        /// Called and dropped when the table was found, or when the start has to wait for it.
        var started: (@Sendable () -> Void)?
        /// Called while a saved state is read before that.
        var loading: (@Sendable (Int64) -> Void)?
        /// The table was found.
        var isStarted = false
        var hasBeenLive = false
        var waits = SparseLines(interval: ReplicationReporter.startInterval)
        /// The reasons that were logged for a start that waits. Each is told at once when it comes up first.
        var waitCodes: Set<ReasonCode> = []
        /// Reasons of a start that come and go with the calls that fail.
        var reasons = SparseLines(interval: ReplicationReporter.startInterval)
        /// The step of the start that was logged last. A step that is named again after some trouble is no news.
        var step: ReasonCode?
        /// Called and dropped when the replica is live for the first time.
        var ready: (@Sendable () -> Void)?
        var troubles = SparseLines()
        var unreadables = SparseLines()
        /// The trouble with saving that was said last; the same is not said again until saving works.
        var stateTrouble: StateTrouble?
    }

    /// Between two lines while the replica has never been live: a start may wait for hours.
    static let startInterval: Duration = .seconds(60)

    private let logger: Logger
    private let time: TimeSource
    private let state = Mutex(State())

    init(logger: Logger, time: TimeSource) {
        self.logger = logger
        self.time = time
    }

    /// Calls `started` once, when the table was found and is being read, or when the start has to wait for it.
    func whenStarted(_ started: @escaping @Sendable () -> Void) { state.withLock { $0.started = started } }

    /// Calls `loading` while a saved state is read before the start is announced, with the seconds until the next call, or until the reading
    /// has ended, at the latest.
    func whenLoading(_ loading: @escaping @Sendable (_ seconds: Int64) -> Void) {
        state.withLock { $0.loading = loading }
    }

    /// Calls `ready` once, when the replica is live for the first time.
    func whenReady(_ ready: @escaping @Sendable () -> Void) { state.withLock { $0.ready = ready } }

    func observe(_ event: ReplicationEvent) {
        switch event {
        case .stateChanged(let before, let after, let code, let reason):
            // With a saved state it serves before the table is found.
            announceStart(isFound: before != .starting || after != .stale)
            let level: Logger.Level = after == .stale || after == .rebuilding ? .warning : .info
            logger.log(
                level: level,
                "replica is \(after.rawValue), was \(before.rawValue): \(reason)",
                metadata: ["reason": "\(code.rawValue)"]
            )
            if after == .live { announceReady() }
        case .reasonChanged(let replica, let code, let reason):
            guard let unlogged = unlogged(code, in: replica) else { return }
            // What a start waits for has lines of its own.
            let level: Logger.Level = replica == .stale ? .warning : replica == .starting ? .debug : .info
            var metadata: Logger.Metadata = ["reason": "\(code.rawValue)"]
            if unlogged > 0 { metadata["unlogged"] = "\(unlogged)" }
            logger.log(level: level, "replica is still \(replica.rawValue): \(reason)", metadata: metadata)
        case .stateLoading(let seconds): state.withLock { $0.loading }?(seconds)
        case .startWaits(let code, let reason):
            announceStart(isFound: false)
            let now = time.continuous()
            let isDue = state.withLock { $0.waits.next(at: now) != nil }
            guard state.withLock({ $0.waitCodes.insert(code).inserted }) || isDue else { return }
            logger.warning("the start waits: \(reason)", metadata: ["reason": "\(code.rawValue)"])
        case .stallEnded(let seconds, let state):
            logger.log(
                level: state == .live ? .info : .warning,
                "replication goes on after \(seconds) s; the replica is \(state.rawValue)"
            )
        case .repaired(let put, let removed):
            logger.warning(
                "the replica differed from its table and was repaired",
                metadata: ["put": "\(put)", "removed": "\(removed)"]
            )
        case .changesApplied(let shardID, let count, let replayed):
            logger.trace(
                "changes applied",
                metadata: ["shard": "\(shardID)", "count": "\(count)", "replayed": "\(replayed)"]
            )
        case .shardsAdded(let ids):
            logger.info("shards found", metadata: ["count": "\(ids.count)", "first": "\(ids.first ?? "-")"])
        case .shardEnded(let id): logger.info("shard read to its end", metadata: ["shard": "\(id)"])
        case .scanProgress(let items, let segmentsDone, let segments):
            logger.debug("scan: \(items) items, \(segmentsDone) of \(segments) segments done")
        case .gap(let reason): logger.warning("records were lost, rebuilding: \(reason)")
        case .rebuild(let reason): logger.warning("building a new generation: \(reason)")
        case .memoryEstimated(let judgement, let text):
            let isTight = judgement == .doubtful || judgement == .hopeless
            logger.log(level: isTight ? .warning : .info, "\(text)")
        case .contentsDropped(let reason): logger.warning("reads are refused until the rebuild ends: \(reason)")
        case .scanFull(let reason): logger.error("reads are refused: \(reason)")
        case .memoryFull(let reason): logger.error("\(reason)")
        case .memoryFreed: logger.notice("memory is no longer full: all changes are taken again")
        case .shardTrouble(let shardID, let error):
            state.withLock { $0.isStarted = true }
            reportTrouble(error, shard: shardID)
        case .tableTrouble(let error): reportTrouble(error, shard: nil)
        case .resumed(let seconds, let epoch, let newEpochReason):
            logger.info("resuming from the saved state of \(seconds) s ago", metadata: ["epoch": "\(epoch)"])
            if let newEpochReason { logger.warning("the feed begins a new epoch: \(newEpochReason)") }
        case .stateRejected(let rejection):
            logger.warning(
                "reading the table, the saved state is not used: \(rejection)",
                metadata: ["reason": "\(rejection.kind)"]
            )
        case .stateSaved(let report):
            logger.log(
                level: report.isWhole ? .info : .trace,
                "state saved",
                metadata: ["records": "\(report.records)", "bytes": "\(report.bytes)"]
            )
        case .stateTrouble(let trouble): report(trouble)
        case .stateLeftUnfinished(let seconds):
            logger.warning(
                "the first save of the state was left unfinished \(seconds) s after the stop was asked for; the next start reads the table"
            )
        case .stateRecovered:
            state.withLock { $0.stateTrouble = nil }
            logger.info("the state is saved again")
        case .stateDirectoryAwaited(let error, let seconds):
            logger.notice("waiting up to \(seconds) s for the state directory: \(error)")
        case .stateDirectoryTaken(let path, let isLate):
            state.withLock { $0.stateTrouble = nil }
            let consequence = isLate ? ", and the state is saved from now on" : ""
            logger.notice("the state directory \(path) is free: this process has taken it\(consequence)")
        case .unreadable(let text):
            let now = time.continuous()
            guard let unlogged = state.withLock({ $0.unreadables.next(at: now) }) else { return }
            logger.warning("\(text)", metadata: unlogged > 0 ? ["unlogged": "\(unlogged)"] : [:])
        case .readable(let count): logger.info("\(count) item(s) that could not be read can be read again")
        case .upstreamTrouble(let text): logger.warning("\(text); what was followed so far is served meanwhile")
        case .upstreamContinues(let epoch, let isMoved):
            logger.info(
                isMoved
                    ? "following another replica of the stream from where this one stood"
                    : "following the upstream from where this one stood",
                metadata: ["epoch": "\(epoch)"]
            )
        case .upstreamDiffers(let words):
            logger.warning("the contents differ from the upstream's and are loaded again: \(words)")
        case .unknownRecord(let name, let shardID):
            logger.warning(
                "records of kind \(name) are not known to this release: the items they name are read from the table",
                metadata: ["shard": "\(shardID)"]
            )
        }
    }

    private func report(_ trouble: StateTrouble) {
        let isNews = state.withLock { state in
            defer { state.stateTrouble = trouble }
            return state.stateTrouble != trouble
        }
        if isNews { logger.warning("\(trouble); serving goes on, and saving is tried again") }
    }

    /// How many reasons were left out of the log before this one; nil when it is left out too. While the replica has never been live a reason
    /// may change with every call.
    private func unlogged(_ code: ReasonCode, in replica: ReplicaState) -> Int? {
        let now = time.continuous()
        return state.withLock { state in
            guard !state.hasBeenLive, replica != .starting else { return 0 }
            guard code.isStep else { return state.reasons.next(at: now) }
            defer { state.step = code }
            return state.step == code ? nil : 0
        }
    }

    private func announceStart(isFound: Bool) {
        let started = state.withLock { state in
            if isFound { state.isStarted = true }
            state.loading = nil
            defer { state.started = nil }
            return state.started
        }
        started?()
    }

    private func announceReady() {
        let ready = state.withLock { state in
            state.hasBeenLive = true
            defer { state.ready = nil }
            return state.ready
        }
        ready?()
    }

    private func reportTrouble(_ error: DynamoDBError, shard: String?) {
        let now = time.continuous()
        let unlogged: Int? = state.withLock { state in
            // Until the table is found the start says what it waits for, or ends with the one line that says why.
            guard state.isStarted else { return nil }
            state.troubles.interval = state.hasBeenLive ? SparseLines.troubleInterval : Self.startInterval
            return state.troubles.next(at: now)
        }
        guard let unlogged else { return }
        var metadata: Logger.Metadata = ["kind": "\(error.kind.rawValue)"]
        if let shard { metadata["shard"] = "\(shard)" }
        if unlogged > 0 { metadata["unlogged"] = "\(unlogged)" }
        logger.warning("\(error.description)", metadata: metadata)
    }
}
