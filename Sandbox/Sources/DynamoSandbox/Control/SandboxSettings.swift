/// How a sandbox behaves. The defaults are DynamoDB on a good day; tests turn single traits on.
public struct SandboxSettings: Sendable {
    /// The region in ARNs and records.
    public var region = "us-east-1"
    /// The account in ARNs.
    public var accountID = "000000000000"
    /// Shards that a new stream starts with; each takes an equal part of the partition keys.
    public var shardsPerStream = 4
    /// How long a stream keeps its records.
    public var retention: Duration = .seconds(86_400)
    /// Records that a shard keeps at most; older ones are trimmed as if their time had come.
    public var recordsPerShard = 250_000
    /// How long a shard iterator can be used.
    public var iteratorLifetime: Duration = .seconds(900)
    /// The first sequence number: 21 digits, as the real ones have at least.
    public var firstSequenceNumber: UInt128 = 100_000_000_000_000_000_000
    /// A `LATEST` iterator skips records written within this time after it was issued, as was seen of the real service.
    public var latestSlack: Duration = .zero
    /// Reads without ConsistentRead see an item as it was this long ago, and no item that is newer; nil turns this off.
    /// A deleted item is not shown again.
    public var replicaLag: Duration?
    /// Tables and streams stay CREATING, ENABLING, DISABLING, DELETING until `completeTransitions()`.
    public var holdsTransitions = false
    /// A closed shard's last records come with a null NextShardIterator; else the null comes with an empty page after them.
    public var endsShardWithLastRecords = true
    /// Records name `userIdentity` members as the service model has them (`PrincipalId`); else as the guide (`principalId`).
    public var capitalizesUserIdentity = true
    /// Bytes of one page of Scan, Query and GetRecords, for tests that want many small pages.
    public var pageBytes = SandboxLimits.pageBytes
    /// Items of one page of Scan at most; nil for no bound but the bytes.
    public var scanPageItems: Int?
    /// The keys that requests must be signed with, each while it is valid; nil takes any, signed or not.
    public var keys: [SandboxKey]?
    /// Shards of one DescribeStream page at most, for tests that want many pages of few shards.
    public var shardsPerListing = Int(SandboxLimits.listPage)
    /// DescribeStream lists the newest shards first, children before their parents; else in the order of their ids.
    public var listsNewestFirst = false
    /// DescribeStream calls that are answered in a second, over all tables; nil for no bound. AWS answers ten. Further ones are
    /// refused with LimitExceededException.
    public var describeStreamsPerSecond: Int?
    /// Bytes of items in one BatchGetItem response.
    public var batchGetBytes = SandboxLimits.batchGetBytes

    /// DynamoDB on a good day.
    public init() {}
}
