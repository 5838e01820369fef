/// One call that reached the sandbox over HTTP, as its log keeps it.
package struct SandboxCall: Sendable, Hashable {
    /// What was called.
    package let operation: SandboxOperation
    /// The table it was about, where the request names one.
    package let table: String?
    /// The shard: of GetShardIterator, of DescribeStream's filter, or the one a GetRecords iterator stands in.
    package let shard: String?
    /// The parallel Scan's segment.
    package let segment: Int?
    /// ShardIteratorType, of GetShardIterator.
    package let iteratorType: String?
    /// Whether the request continues a page before it (ExclusiveStartKey, ExclusiveStartShardId).
    package let continuesPage: Bool
    /// Whether ConsistentRead was asked for.
    package let consistent: Bool
    /// Milliseconds since 1970 UTC by the sandbox's clock.
    package let time: Int64
}
