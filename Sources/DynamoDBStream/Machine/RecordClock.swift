import Basics
import DynamoDBClient

/// The clock that stamps the records, as far as it is known: by the service's responses, by the records that have come, or else
/// by this machine's wall clock. All values are milliseconds since 1970 UTC.
struct RecordClock: Sendable {
    /// The reading of this machine's wall clock at the continuous clock's zero: the greatest so far, because the clock may be
    /// set back.
    private var wallOffset: Int64?
    /// The least that the stamping clock can have shown at that moment, by the records that have come.
    private var recordOffset: Int64?

    var isSet: Bool { wallOffset != nil }

    mutating func note(_ time: StreamTime) {
        let offset = time.wallMilliseconds - time.continuous.wholeMilliseconds
        wallOffset = max(wallOffset ?? offset, offset)
    }

    mutating func note(creation: Int64, at moment: Duration) {
        let offset = creation - moment.wholeMilliseconds
        recordOffset = max(recordOffset ?? offset, offset)
    }

    /// The least that the stamping clock shows now. This machine's clock may be minutes behind it.
    func present(at now: StreamTime) -> Int64 {
        guard let recordOffset else { return now.recordMilliseconds }
        return max(now.recordMilliseconds, now.continuous.wholeMilliseconds + recordOffset)
    }

    /// The greatest creation time that the record of a write before `moment` can bear.
    func latestStamp(before moment: StreamTime, at now: StreamTime, clockSkew: Duration) -> Int64 {
        let continuous = moment.continuous.wholeMilliseconds
        let bound: Int64
        if let service = moment.service {
            bound = service.latest
        } else if let service = now.service {
            // Not known at that moment, before the first responses, but since.
            bound = service.latest - (now.continuous.wholeMilliseconds - continuous)
        } else {
            // This machine's own clock counts only where the service does not tell its time: it may be minutes behind.
            let offset = wallOffset ?? moment.wallMilliseconds - continuous
            bound = continuous + offset + clockSkew.wholeMilliseconds
        }
        // The moment is never earlier than the records that have come can have been made.
        guard let recordOffset else { return bound }
        return max(bound, continuous + recordOffset)
    }
}
