package import TableModel

/// What the replica is doing, and so what its answers are worth.
package enum ReplicaState: String, Sendable, Hashable, CaseIterable {
    case starting, syncing, live, stale, rebuilding
}

/// One shard's part of the status.
package struct ShardStatus: Sendable, Hashable {
    package let id: String
    package let parentID: String?
    /// blocked (waits for its parent), reading, ended.
    package let phase: String
    package let lastSequenceNumber: SequenceNumber?
    /// Milliseconds that the shard's newest read lags behind, 0 when caught up; never negative. Nil before the first read.
    package let lagMilliseconds: Int64?
    package let lastError: String?
    package init(
        id: String,
        parentID: String?,
        phase: String,
        lastSequenceNumber: SequenceNumber?,
        lagMilliseconds: Int64?,
        lastError: String?
    ) {
        self.id = id
        self.parentID = parentID
        self.phase = phase
        self.lastSequenceNumber = lastSequenceNumber
        self.lagMilliseconds = lagMilliseconds
        self.lastError = lastError
    }
}

/// The replication's state, as a value any thread may hold.
package struct ReplicationStatus: Sendable, Hashable {
    package var state: ReplicaState = .starting
    /// Why it is in that state, in a sentence.
    package var reason = "waiting for the first answer from DynamoDB"
    /// Milliseconds since 1970 UTC at which the state began.
    package var stateSince: Int64 = 0
    package var tableName = ""
    package var streamARN: String?
    package var lagMilliseconds: Int64?
    package var shards: [ShardStatus] = []
    package var scannedItems = 0
    package var scanSegmentsDone = 0
    package var scanSegments = 0
    package var changesApplied = 0
    package var lastError: String?
    /// Nil without a state directory.
    package var savedState: SavedStateStatus?
    package init() {}
}
