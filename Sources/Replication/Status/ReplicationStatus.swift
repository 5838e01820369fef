package import DynamoDBStream
package import TableModel

/// The state of the replica, which says how far its responses can be trusted.
package enum ReplicaState: String, Sendable, Hashable, CaseIterable {
    /// The table has not been found yet. Next: syncing; stale with a saved state.
    case starting
    /// The first contents are being read; nothing is served. Next: live; stale with a saved state.
    case syncing
    /// The served contents have every change older than the bound. Next: stale, rebuilding.
    case live
    /// The served contents may lack changes that are older than the bound, but no change is lost; or they are a saved state's, which is not
    /// followed yet. Next: live, rebuilding.
    case stale
    /// Changes were lost: the contents are read again, and the old ones are served as they are, or held back. Next: live.
    case rebuilding

    /// The states that may follow.
    package var successors: Set<ReplicaState> {
        switch self {
        case .starting: [.syncing, .stale]
        case .syncing: [.live, .stale]
        case .live: [.stale, .rebuilding]
        case .stale: [.live, .rebuilding]
        case .rebuilding: [.live]
        }
    }
}

/// One shard's part of the status.
package struct ShardStatus: Sendable, Hashable {
    package let id: String
    package let parentID: String?
    package let phase: ShardPhase
    package let lastSequenceNumber: SequenceNumber?
    /// Milliseconds that the shard's newest read lags behind, 0 when caught up; never negative. Nil before the first read.
    package internal(set) var lagMilliseconds: Int64?
    package let lastError: String?
    package init(
        id: String,
        parentID: String?,
        phase: ShardPhase,
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
    /// The same by name.
    package var reasonCode = ReasonCode.waitingForTable
    /// How often live was left, by why.
    package var departures: [ReasonCode: Int] = [:]
    /// Rebuilds started since the process began.
    package var rebuilds = 0
    /// The moment, on the continuous clock, up to which what is served is complete; nil before the first publication.
    package var servedAsOf: Duration?
    /// What is served is a saved state, as it was saved.
    package var servesSavedState = false
    /// The old contents are held back during a rebuild.
    package var isWithheld = false
    /// Milliseconds since 1970 UTC at which the state began.
    package var stateSince: Int64 = 0
    package var tableName = ""
    package var streamARN: String?
    package var lagMilliseconds: Int64?
    package var shards: [ShardStatus] = []
    package var scannedItems = 0
    package var scanSegmentsDone = 0
    package var scanSegments = 0
    /// Read capacity units that the present or last scan has consumed.
    package var scanConsumedUnits = 0.0
    /// Estimates for the present scan by DescribeTable's count, which is hours old: units in all, seconds left. Nil while unknown.
    package var scanEstimatedUnits: Double?
    package var scanEstimatedSecondsLeft: Double?
    /// The memory that the table takes.
    package var memory = MemoryStatus()
    /// The present bound of the scan, read capacity units a second; nil without one.
    package var scanUnitsPerSecond: Int?
    /// The background comparison of table and replica; nil when it is off.
    package var verification: VerificationStatus?
    /// Parts of the table that could not be read.
    package var unreadable = UnreadableStatus()
    package var changesApplied = 0
    package var lastError: String?
    /// The patterns of the attributes that the items lack, as text; empty for none.
    package var ignoredAttributes = ""
    /// Nil unless another replica is followed.
    package var upstream: UpstreamStatus?
    /// Nil without a state directory.
    package var savedState: SavedStateStatus?
    package init() {}
}
