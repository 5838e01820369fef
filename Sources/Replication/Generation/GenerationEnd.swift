/// The end of a generation.
enum GenerationEnd: Sendable, Hashable {
    case cancelled
    /// Records are lost: the published contents no longer follow the table.
    case rebuild(Reason)
    case failed(ReplicationFailure)
    /// The contents do not fit into memory.
    case full(ReplicationFailure)
}

/// Thrown by the consumer when a record cannot be applied.
struct UnusableRecord: Error, Sendable, Hashable {
    /// The record's place among those delivered with it.
    let place: Int
    let reason: String
}
