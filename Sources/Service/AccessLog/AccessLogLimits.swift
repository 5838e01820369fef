/// Every bound of the access log, with what happens at it.
package struct AccessLogLimits: Sendable, Hashable {
    /// Entries that wait to be written; further ones are dropped, counted and said.
    package var waitingEntries = 8192
    /// Bytes of those entries, about; the same happens beyond.
    package var waitingBytes = 8 << 20
    /// Bytes of a path; the rest is cut, which `…` shows.
    package var pathBytes = 256
    /// Bytes of a query string; the rest is cut, which `…` shows.
    package var queryBytes = 512
    package init() {}
}
