import Basics

/// Decides whether contents fit into memory. Pure: the caller gives the numbers.
struct MemoryRule: Sendable, Hashable {
    /// The share of the limit up to which memory is filled. The rest is for what comes between two looks at it.
    static let mark = 0.95
    /// The share of the limit up to which a full replica uses again what removals have freed, and up to which a saved state is loaded.
    static let reserveMark = 0.975
    /// The share of the limit from which a full replica applies nothing at all: what an item replaces is still kept for those who read it.
    static let applyMark = 0.985
    /// How far above the limit an estimate must be for a start to be refused: counts of DynamoDB are up to six hours old, and items differ.
    static let hopeless = 1.5

    let limit: MemoryLimit

    init(_ limit: MemoryLimit) { self.limit = limit }

    /// Bytes up to which memory is filled.
    var markBytes: Int64 { Int64(saturating: Double(limit.bytes) * Self.mark) }

    /// Whether so many bytes in use are too many.
    func isFull(_ used: Int64) -> Bool { used >= markBytes }

    /// Whether the reserve above the mark is in use as well.
    func isReserveUsed(_ used: Int64) -> Bool { Double(used) >= Double(limit.bytes) * Self.reserveMark }

    /// Whether so many bytes in use leave no room even for changes that need no more memory.
    func isExhausted(_ used: Int64) -> Bool { Double(used) >= Double(limit.bytes) * Self.applyMark }

    /// The judgement of a table; nil while nothing is known of its size.
    func judgement(of table: TableMemory) -> MemoryJudgement? {
        guard let contents = table.contents, let process = table.process else { return nil }
        if Double(process) > Double(limit.bytes) * Self.hopeless { return .hopeless }
        if process > markBytes { return .doubtful }
        return Double(process) + Double(contents) > Double(markBytes) ? .once : .roomy
    }

    /// Whether the contents of `table` fit beside `resident` bytes.
    func fits(_ table: TableMemory, beside resident: Int64) -> Bool {
        Double(resident) + Double(table.contents ?? 0) <= Double(markBytes)
    }
}
