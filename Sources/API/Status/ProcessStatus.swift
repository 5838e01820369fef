/// The processors and the memory of the process, for `/v1/status`.
package struct ProcessStatus: Sendable, Hashable {
    /// Processors that the process may use.
    package var processors: Int
    /// The quota of processor time, in processors; nil without one.
    package var quota: Double?
    /// Event loops that serve HTTP.
    package var eventLoops: Int
    /// Resident bytes; nil where the system does not say.
    package var residentBytes: Int64?

    /// A process as it is now.
    package init(processors: Int, quota: Double?, eventLoops: Int, residentBytes: Int64?) {
        self.processors = processors
        self.quota = quota
        self.eventLoops = eventLoops
        self.residentBytes = residentBytes
    }
}
