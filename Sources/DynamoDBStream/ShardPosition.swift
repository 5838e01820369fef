public import TableModel

/// How far one shard's records have been taken. Always a sequence number or a rule that can be repeated; never an iterator,
/// which lives 15 minutes.
public enum ShardPosition: Sendable, Hashable {
    /// Nothing taken yet: everything from the shard's oldest record counts.
    case start
    /// Nothing taken yet, and the shard was opened at its newest end at this moment (milliseconds since 1970 UTC). A consumer
    /// that has to begin again reads from the shard's oldest record and drops what is older than the moment, less the clock skew.
    case since(Int64)
    /// Everything up to and including this record has been taken.
    case after(SequenceNumber)
    /// The shard has been taken to its end.
    case ended
}
