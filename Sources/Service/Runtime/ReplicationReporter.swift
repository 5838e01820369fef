import Basics
import DynamoDBClient
import Logging
import Replication
import StateStore
import Synchronization

/// Writes the events of replication to the log, and says when the service has started and is ready.
final class ReplicationReporter: ReplicationObserver {
    private struct State {
        /// Called and dropped when the table was found.
        var started: (@Sendable () -> Void)?
        var isStarted = false
        /// Called and dropped when the replica is live for the first time.
        var ready: (@Sendable () -> Void)?
        var troubles = SparseLines()
        var unreadables = SparseLines()
        /// The trouble with saving that was said last; the same is not said again until saving works.
        var stateTrouble: StateTrouble?
    }

    private let logger: Logger
    private let time: TimeSource
    private let state = Mutex(State())

    init(logger: Logger, time: TimeSource) {
        self.logger = logger
        self.time = time
    }

    /// Calls `started` once, when the table was found and is being read.
    func whenStarted(_ started: @escaping @Sendable () -> Void) { state.withLock { $0.started = started } }

    /// Calls `ready` once, when the replica is live for the first time.
    func whenReady(_ ready: @escaping @Sendable () -> Void) { state.withLock { $0.ready = ready } }

    func observe(_ event: ReplicationEvent) {
        switch event {
        case .stateChanged(let before, let after, let code, let reason):
            announceStart()
            let level: Logger.Level = after == .stale || after == .rebuilding ? .warning : .info
            logger.log(
                level: level,
                "replica is \(after.rawValue), was \(before.rawValue): \(reason)",
                metadata: ["reason": "\(code.rawValue)"]
            )
            if after == .live { announceReady() }
        case .reasonChanged(let state, let code, let reason):
            // At the start only what is waited for is news; trouble passes, or ends the program with the one line that says it.
            let isWaiting = code == .waitingForTable || code == .streamEnabling
            let level: Logger.Level = state == .stale ? .warning : state == .starting && !isWaiting ? .debug : .info
            logger.log(
                level: level,
                "replica is still \(state.rawValue): \(reason)",
                metadata: ["reason": "\(code.rawValue)"]
            )
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
        case .shardTrouble(let shardID, let error): reportTrouble(error, shard: shardID)
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

    private func announceStart() {
        let started = state.withLock { state in
            state.isStarted = true
            defer { state.started = nil }
            return state.started
        }
        started?()
    }

    private func announceReady() {
        let ready = state.withLock { state in
            defer { state.ready = nil }
            return state.ready
        }
        ready?()
    }

    private func reportTrouble(_ error: DynamoDBError, shard: String?) {
        let now = time.continuous()
        let unlogged: Int? = state.withLock { state in
            // Before the start trouble either passes or ends the program with the one line that says it.
            guard state.isStarted else { return nil }
            return state.troubles.next(at: now)
        }
        guard let unlogged else { return }
        var metadata: Logger.Metadata = ["kind": "\(error.kind.rawValue)"]
        if let shard { metadata["shard"] = "\(shard)" }
        if unlogged > 0 { metadata["unlogged"] = "\(unlogged)" }
        logger.warning("\(error.description)", metadata: metadata)
    }
}
