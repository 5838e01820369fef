import DynamoDBClient
import DynamoDBStream
import ReplicaStore
import TableModel

/// One life of the replica's contents while it is built and followed. Owned by the replicator's actor.
struct Generation {
    let target: ReplicationTarget
    let writer: GenerationWriter
    let beganAt: Duration
    var scanBeganAt: Duration?
    /// When every scan row had been applied: what the stream must be past before the generation is published.
    var scanEnd: StreamTime?
    /// When it was published; nil before.
    var liveSince: Duration?
    var scannedItems = 0
    var scannedPages = 0
    /// Read capacity units.
    var scannedUnits = 0.0
    var segments = 0
    var segmentsDone = 0
    var lastScanError: DynamoDBError?
    /// Records that were skipped because their keys cannot be read, since the generation began or was last compared with the table.
    var skippedRecords = 0
    /// Rows of the scan, or of the last comparison, that were skipped for the same reason.
    var skippedRows = 0
    /// Comparisons since the last record was skipped that left nothing open.
    var cleanPasses = 0

    /// What is being done until it is published.
    var step: Reason {
        if scanEnd != nil { return Reason(.catchingUp, "catching up with the stream") }
        if scanBeganAt != nil { return Reason(.scanning, "scanning the table in \(segments) segment(s)") }
        return Reason(.bookmarking, "taking the bookmark of the stream")
    }
}

/// Why a generation came to its end.
enum GenerationEnd: Sendable {
    case cancelled
    /// Records are lost: what is published no longer follows the table.
    case rebuild(Reason)
    case failed(ReplicationFailure)
}

/// Thrown by the consumer when a record cannot be applied.
struct UnusableRecord: Error, Sendable {
    let reason: String
}
