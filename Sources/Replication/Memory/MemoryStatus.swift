/// The memory that the table takes, beside what there is.
package struct MemoryStatus: Sendable, Hashable {
    /// TableSizeBytes of DescribeTable, up to six hours old; nil while unknown.
    package var tableBytes: Int64?
    /// Bytes of the process with the table in it, by an estimate; nil while unknown.
    package var estimatedBytes: Int64?
    /// The limit by which that was judged; nil without one.
    package var limit: MemoryLimit?
    /// Memory is full: no changes are taken that need more of it.
    package var isFull = false
    /// Rebuilds whose old contents were taken from readers because both did not fit.
    package var droppedContents = 0

    /// Nothing is known.
    package init() {}
}

/// How a table compares with the memory for it.
package enum MemoryJudgement: String, Sendable, Hashable {
    /// It fits, also twice during a rebuild.
    case roomy
    /// It fits, but not twice.
    case once
    /// By the estimate it does not fit, though not by much.
    case doubtful
    /// It is far too large.
    case hopeless
}
