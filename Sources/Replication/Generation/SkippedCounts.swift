/// Records and rows that were skipped because their keys cannot be read. Pure.
struct SkippedCounts: Sendable, Hashable {
    /// Since the generation began or was last compared with the table.
    private(set) var records = 0
    /// Of the scan, or of the last comparison.
    private var rows = 0
    /// Comparisons since the last record was skipped that left nothing open.
    private var cleanPasses = 0

    var isEmpty: Bool { records + rows == 0 }

    mutating func skipRecord() {
        records += 1
        cleanPasses = 0
    }

    mutating func skipRow() { rows += 1 }

    /// A comparison of the whole table has ended. After `limit` in a row that left nothing open, the records count as repaired.
    mutating func compared(_ pass: VerificationPass, limit: Int) {
        rows = pass.skippedRows
        cleanPasses = records == pass.skippedRecords && pass.isComplete && rows == 0 ? cleanPasses + 1 : 0
        if cleanPasses >= limit { records = 0 }
    }

    /// Writes the counts.
    func show(in status: inout UnreadableStatus) {
        status.skippedRecords = records
        status.skippedRows = rows
    }
}
