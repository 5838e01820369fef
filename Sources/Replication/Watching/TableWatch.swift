import Basics
import DynamoDBClient
import DynamoDBStream
import Synchronization

/// Watches the table that is followed through DescribeTable: whether it still is that table, whether it exists, and which stream it has.
final class TableWatch: Sendable {
    /// Why no changes can arrive, whatever the stream's shards say.
    struct Condition: Sendable, Hashable {
        var isTableMissing = false
        var isStreamDisabled = false
        /// The table refuses reads, for the reason given.
        var obstacle: Reason?
    }

    private struct State {
        /// Every description is held against it.
        var identity: TableIdentity
        var condition = Condition()
        /// The service does not find the stream, or a shard of it: the table's description tells why.
        var isStreamDoubtful = false
    }

    private let context: ReplicationContext
    private let state: Mutex<State>

    /// Watches the table of the settings. It has not been described yet.
    init(_ context: ReplicationContext) {
        self.context = context
        state = Mutex(State(identity: TableIdentity(context.settings.tableName)))
    }

    var condition: Condition { state.withLock { $0.condition } }

    /// A generation is live: its table and its stream were there.
    func clearCondition() { state.withLock { $0.condition = Condition() } }

    /// Takes note of the stream's newest failure.
    func note(_ view: StreamView) { state.withLock { $0.isStreamDoubtful = view.lastError?.kind == .notFound } }

    /// Judges a description of the table, and keeps the first ARN that such a description brings.
    func judge(_ description: TableDescription) -> ReplicationTarget.Verdict {
        state.withLock { state in
            let verdict = ReplicationTarget.judge(
                description,
                state.identity,
                ignoring: context.settings.ignoredAttributes
            )
            if case .foreign = verdict { return verdict }
            state.identity.learn(description)
            return verdict
        }
    }

    /// Describes the table again and again. Ends with a rebuild when the stream is no longer the table's: it was disabled and enabled again,
    /// or the table was deleted and created again.
    func follow(_ target: ReplicationTarget) async -> GenerationEnd? {
        let limits = context.limits
        let probe = TableProbe(api: context.table, tableName: target.tableReference, time: context.time)
        var isTroubled = false
        var lastAsked = context.time.continuous()
        // In short steps: trouble that other parts meet must not wait for the end of the long interval.
        while await context.pause(min(limits.tableCheckInterval, limits.troubledTableCheckInterval)) {
            guard context.time.continuous() - lastAsked >= interval(isTroubled) else { continue }
            lastAsked = context.time.continuous()
            switch await probe.ask(within: nil) {
            case .described(let description):
                if let end = end(description, target) { return end }
                isTroubled = !description.streamEnabled || condition.obstacle != nil
            case .failed(let error):
                guard error.kind != .cancelled else { continue }
                isTroubled = true
                if let end = end(error, target) { return end }
            case .timedOut: isTroubled = true
            }
        }
        return .cancelled
    }

    /// Waits for as long as the table is there and refuses reads: its stream may be gone meanwhile, but a rebuild would read nothing. For a
    /// replica that was live. `follow` asks for the description and keeps the reason.
    func waitWhileObstructed(_ target: ReplicationTarget) async {
        guard context.reporter.readiness.hasBeenLive else { return }
        let probe = TableProbe(api: context.table, tableName: target.tableReference, time: context.time)
        while case .described(let description) = await probe.ask(within: nil),
            case .obstructed(let obstacle) = TableStatus(description.status)
        {
            state.withLock { $0.condition.obstacle = obstacle.reason(description) }
            guard await context.pause(context.limits.troubledTableCheckInterval) else { return }
        }
    }

    private func interval(_ isTroubled: Bool) -> Duration {
        let isStreamDoubtful = state.withLock { $0.isStreamDoubtful }
        return isTroubled || isStreamDoubtful || context.reporter.readiness.state == .stale
            ? context.limits.troubledTableCheckInterval : context.limits.tableCheckInterval
    }

    private func end(_ description: TableDescription, _ target: ReplicationTarget) -> GenerationEnd? {
        let hasBeenLive = context.reporter.readiness.hasBeenLive
        switch judge(description) {
        case .failed(let failure) where !hasBeenLive: return .failed(failure)
        case .foreign(let failure):
            // Single items may have been read from the other table, so the replica is built again, from the right one.
            guard hasBeenLive else { return .failed(failure) }
            return context.reporter.reportGap(failure.message, .otherTable)
        case .ready(let target): context.memory.note(target.memory)
        case .wait, .failed: break
        }
        state.withLock {
            $0.condition.isTableMissing = TableStatus(description.status) == .deleting
            $0.condition.isStreamDisabled = !description.streamEnabled
            $0.condition.obstacle = nil
            if case .obstructed(let obstacle) = TableStatus(description.status) {
                $0.condition.obstacle = obstacle.reason(description)
            }
        }
        guard let streamARN = description.latestStreamARN, streamARN != target.streamARN else { return nil }
        return context.reporter.reportGap("the table has a new stream, \(streamARN)", .newStream)
    }

    private func end(_ error: DynamoDBError, _ target: ReplicationTarget) -> GenerationEnd? {
        let isMissing = error.kind == .notFound
        state.withLock { $0.condition.isTableMissing = isMissing }
        context.reporter.report(error)
        guard isMissing, !context.reporter.readiness.hasBeenLive else { return nil }
        return .failed(.noTable(error, target.tableReference))
    }
}
