public import Basics

/// How a stream is followed.
public struct StreamSettings: Sendable, Hashable {
    /// The time between two reads of one shard that is at its head. Four reads a second and shard stay under the five that
    /// DynamoDB Streams grants; a shard that is behind is read at once.
    public var pollInterval: Duration = .milliseconds(250)
    /// The time between two full listings of the shards, counted from the end of the one before.
    public var discoveryInterval: Duration = .seconds(30)
    /// Records per GetRecords call, 1 to 1,000.
    public var recordLimit = 1_000
    /// Every bound of the consumer.
    public var limits = StreamLimits()

    /// The defaults.
    public init() {}
}

/// The consumer's bounds, each with what happens at it.
public struct StreamLimits: Sendable, Hashable {
    /// Record pages being read or waiting for the consumer, over all shards. At the bound no further read is started. Silent calls do
    /// not count until they bring a page.
    public var pagesInFlight = 16
    /// Record pages of one shard read ahead of the consumer. At the bound that shard waits.
    public var pagesPerShard = 2
    /// GetShardIterator calls in flight. At the bound further shards wait for their turn.
    public var iteratorCallsInFlight = 16
    /// A shard's call that has had no response for this long counts as silent: it gives its turn to another shard, and its own shard
    /// waits apart until a read is answered in time.
    public var silentAfter: Duration = .milliseconds(500)
    /// Calls of silent shards in flight, beside `pagesInFlight` and `iteratorCallsInFlight`. At the bound further silent shards wait
    /// for their turn, and a call that becomes silent is abandoned. Together the three must stay below what the client sends at once.
    public var silentCallsInFlight = 32
    /// The least time between two DescribeStream calls: AWS allows ten a second.
    public var describeSpacing: Duration = .milliseconds(100)
    /// The waits after failed calls of one shard. The floor keeps a failing shard from calling without pause.
    public var backoff = ExponentialBackoff(base: .milliseconds(100), cap: .seconds(5), floor: .milliseconds(25))
    /// How often an ended shard is asked for its children before the full listing takes over.
    public var childQueryAttempts = 5
    /// How long an ended shard is remembered at least; it is kept longer while it is still listed.
    public var finishedShardMemory: Duration = .seconds(48 * 3_600)
    /// Records may be trimmed after 24 hours; an hour earlier nothing can be proved any more.
    public var retention: Duration = .seconds(23 * 3_600)
    /// Empty pages in a row after which a shard counts as read to its head. One proves nothing: DynamoDB Streams takes about
    /// four empty pages to cross a shard whose records are far apart.
    public var emptyPagesAtHead = 5
    /// Pages in a row that only repeat what was read, after which each further one counts as an empty page. One that is repeated now
    /// and then proves nothing, since there may be more behind it.
    public var repeatedPagesAtHead = 40
    /// Empty pages in a row after which a shard that has children, but is still listed as open, counts as ended.
    public var emptyPagesToEndParent = 10
    /// The least time between the discovery of such a shard's children and its end.
    public var openParentPatience: Duration = .seconds(5)
    /// How long the parent of a new shard is looked for before that parent's records count as lost.
    public var missingParentPatience: Duration = .seconds(15)
    /// How long after the discovery of a shard's first child another one may still be missing from listings.
    public var siblingPatience: Duration = .seconds(3)
    /// How long an ended shard without children counts as hiding some: listings can be late.
    public var childListingPatience: Duration = .seconds(15)
    /// Answers without an iterator, for one shard in a row, after which its records count as lost.
    public var missingIterators = 8
    /// Bytes of records that shards which are read again from before the bookmark hold until they have reached their head, over all
    /// shards. Beyond it the shard at hand is a gap, which a replica answers with a rebuild. The service lowers it where memory is bounded.
    public var replayBytes = 256 << 20
    /// How long the service may refuse an iterator (ValidationException) before another one is derived from the position. Any
    /// other bad answer says nothing about the iterator.
    public var refusalPatience: Duration = .seconds(60)
    /// Shards of a stream that are known at once: those of a listing, and those found since. A listing beyond it fails, with the
    /// reason in the status, and is begun again later; what is known is followed on.
    public var shards = 50_000
    /// How far this machine's clock may be from AWS's. A signature farther off is refused, so nothing beyond it is seen.
    public var clockSkew: Duration = .seconds(15 * 60)
    /// Attempts for one call within one `fetchStreamState`.
    public var passAttempts = 5

    /// The defaults.
    public init() {}
}
