/// Findings of the background comparison of table and replica since the process began.
package struct VerificationStatus: Sendable, Hashable {
    /// Comparisons of the whole table that came to their end.
    package var passes = 0
    /// Rows of the table that were compared.
    package var rows = 0
    /// Keys that differed at first sight: most are changes in progress.
    package var suspects = 0
    /// Items put because they differed although no change was in progress.
    package var repairedPuts = 0
    /// Items removed for the same reason.
    package var repairedRemovals = 0
    /// Suspects left to the next comparison, because the stream did not pass the time of the read, or the key went on changing.
    package var unresolved = 0
    /// Read capacity units that comparing has consumed.
    package var consumedUnits = 0.0
    /// Milliseconds since 1970 UTC at which the newest comparison ended.
    package var lastPassAt: Int64?
    package init() {}
}
