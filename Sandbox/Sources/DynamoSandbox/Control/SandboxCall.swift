/// One call that reached the sandbox over HTTP, as its log keeps it.
public struct SandboxCall: Sendable, Hashable {
    /// The operation that was called.
    public let operation: SandboxOperation
    /// The table it was about, where the request names one.
    public let table: String?
    /// The shard: of GetShardIterator, of DescribeStream's filter, or the one a GetRecords iterator stands in.
    public let shard: String?
    /// The parallel Scan's segment.
    public let segment: Int?
    /// ShardIteratorType, of GetShardIterator.
    public let iteratorType: String?
    /// Whether the request continues a page before it (ExclusiveStartKey, ExclusiveStartShardId).
    public let continuesPage: Bool
    /// Whether ConsistentRead was asked for.
    public let consistent: Bool
    /// Milliseconds since 1970 UTC by the sandbox's clock.
    public let time: Int64
}
