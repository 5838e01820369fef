import Basics
import DynamoDBClient
package import DynamoDBStream
import TableModel

extension StreamView {
    /// The moment up to which every shard had been read, in milliseconds since 1970 UTC; nil while that is unknown, or where the stream is over.
    func readUntil(_ time: TimeSource) -> Int64? {
        guard status != .disabled, status != .disabling else { return nil }
        // The view may have been waited for since.
        let sinceView = max(.zero, time.continuous() - asOf)
        return unreadMilliseconds.map { time.wallMilliseconds() - $0 - sinceView.wholeMilliseconds }
    }

    /// Whether a process that began with these positions would see every gap that this one would. A child whose parent has not
    /// been listed is looked into here, and would not be there: a first listing takes such parents for trimmed.
    package func isResumable(from positions: ShardState) -> Bool {
        guard gap == nil else { return false }
        let known = Set(positions.shards.map(\.shardID))
        return shards.allSatisfy { shard in
            shard.phase != .blocked || shard.parentID.map(known.contains) ?? true
        }
    }
}

extension Readiness.Evidence {
    /// The stream by `view`, the table by `condition`.
    init(_ view: StreamView, _ condition: TableWatch.Condition) {
        self.init(
            lagMilliseconds: view.lagMilliseconds,
            streamIsDisabled: condition.isStreamDisabled || view.status == .disabled || view.status == .disabling,
            tableIsMissing: condition.isTableMissing,
            obstacle: condition.obstacle,
            trouble: view.lastError.map(Readiness.Trouble.init),
            silence: view.silence
        )
    }
}

extension ShardStatus {
    /// The shard as readers are told of it.
    init(_ view: ShardView) {
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
