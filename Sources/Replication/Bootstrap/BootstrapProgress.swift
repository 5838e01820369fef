import Basics
import DynamoDBClient
import DynamoDBStream
import TableModel

/// How far a generation is on its way to its publication: bookmark, scan, catch up. Pure: the caller gives the time, by the
/// continuous clock.
struct BootstrapProgress: Sendable {
    private let approximateItems: Int64
    /// Segments of the scan.
    let segments: Int
    private var scanBeganAt: Duration?
    /// When every scan row had been applied. The generation is published once the stream is past this moment.
    private(set) var scanEnd: StreamTime?
    private var scannedItems = 0
    /// Read capacity units.
    private var scannedUnits = 0.0
    private var segmentsDone = 0
    private var lastScanError: DynamoDBError?

    /// `approximateItems` is DescribeTable's count.
    init(approximateItems: Int64, segments: Int) {
        self.approximateItems = approximateItems
        self.segments = segments
    }

    mutating func scanBegan(at now: Duration) { scanBeganAt = now }

    /// A page has been applied.
    mutating func took(_ page: ScanPage) {
        scannedItems += page.items.entries.count + page.unreadable.count
        scannedUnits += page.units
        lastScanError = nil
    }

    mutating func segmentEnded() { segmentsDone += 1 }

    mutating func scanFailed(_ error: DynamoDBError) { lastScanError = error }

    mutating func scanEnded(at moment: StreamTime) { scanEnd = moment }

    /// The present step.
    var step: Reason {
        if scanEnd != nil { return Reason(.catchingUp, "catching up with the stream") }
        if scanBeganAt != nil { return Reason(.scanning, "scanning the table in \(segments) segment(s)") }
        return Reason(.bookmarking, "taking the bookmark of the stream")
    }

    /// The present step, and the trouble that keeps it from its end.
    func waiting(_ view: StreamView) -> Reason {
        if view.status == .enabling { return Reason(.streamEnabling, "the stream is being enabled") }
        let isScanning = scanBeganAt != nil && scanEnd == nil
        guard let error = isScanning ? lastScanError : view.lastError else { return step }
        return Reason(ReasonCode(error), "\(step.text): \(error.description)")
    }

    /// Writes the progress of the scan.
    func show(in status: inout ReplicationStatus, at now: Duration) {
        let estimate = ScanEstimate(
            approximateItems: approximateItems,
            scannedItems: scannedItems,
            scannedUnits: scannedUnits,
            elapsed: scanBeganAt.map { now - $0 } ?? .zero
        )
        status.scannedItems = scannedItems
        status.scanSegmentsDone = segmentsDone
        status.scanConsumedUnits = scannedUnits
        status.scanEstimatedUnits = estimate.units
        status.scanEstimatedSecondsLeft = estimate.secondsLeft
    }

    /// Removes the progress of the generation before.
    static func clear(_ status: inout ReplicationStatus) {
        status.scannedItems = 0
        status.scanSegmentsDone = 0
        status.scanConsumedUnits = 0
        status.scanEstimatedUnits = nil
        status.scanEstimatedSecondsLeft = nil
    }

    /// The progress as the observer is told it.
    var event: ReplicationEvent {
        .scanProgress(items: scannedItems, segmentsDone: segmentsDone, segments: segments)
    }
}
