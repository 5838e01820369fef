package import Basics
package import DynamoDBStream
package import ReplicaStore
package import TableModel

/// What is replicated, and how.
package struct ReplicationSettings: Sendable, Hashable {
    /// The table's name or its ARN.
    package var tableName: String
    /// How the table's stream is followed.
    package var stream = StreamSettings()
    /// Parallel segments of the scan; nil chooses by the table's size.
    package var scanSegments: Int?
    /// How far the replica may be behind and still count as live.
    package var maximumLag: Duration = .seconds(30)
    /// How long a call of a start may be without a usable response of DynamoDB or of its stream; nil waits until one comes.
    package var startTimeout: Duration?
    /// What is done when records were lost.
    package var gapPolicy = GapPolicy.rebuildServing
    /// The attributes that the replica leaves out of every item. None of them may be part of the primary key.
    package var ignoredAttributes = AttributePatterns.none
    /// Read capacity that the scan may consume.
    package var scanCapacity = ScanCapacity.unlimited
    /// Read capacity units a second for comparing table and replica in the background; nil does not compare.
    package var verifyUnitsPerSecond: Int?
    /// The numbers that a new epoch may count from; one is drawn for each. Counted from 0, a position after the scan would tell a reader
    /// that sees few keys how many items the table has. Below 2^40, so that numbers stay below 2^63 however often a process dies and
    /// 2^40 of them are passed over (`StateLimits.reservedSeqs`): it would take four million such ends to reach `StateLimits.maximumSeq`.
    package var firstSeqs: Range<UInt64> = 0..<(1 << 40)
    /// The bounds of replication.
    package var limits = ReplicationLimits()
    /// The bounds of the store.
    package var storeLimits = StoreLimits()

    /// The defaults for a table.
    package init(tableName: String) { self.tableName = tableName }

    /// DescribeTable's count is six hours old and 0 for a young table, so it only separates small from the rest. A segment costs
    /// one call at least; eight keep two cores busy.
    func segments(approximateItems: Int64) -> Int {
        if let scanSegments { return min(max(scanSegments, 1), limits.maximumScanSegments) }
        switch approximateItems {
        case 1..<10_000: return 2
        case 0: return 4
        default: return 8
        }
    }
}

/// What is done when changes of a replica that was live are lost.
package enum GapPolicy: String, Sendable, Hashable, CaseIterable {
    /// Build anew, and serve the old contents, as stale, until the new ones are complete.
    case rebuildServing = "rebuild-serving"
    /// Build anew, and serve nothing until the new contents are complete.
    case rebuildRefusing = "rebuild-refusing"
    /// End the process.
    case exit
}

/// The bounds of replication, each with what happens at it.
package struct ReplicationLimits: Sendable, Hashable {
    /// Scan segments. Each holds at most two pages (2 MB of JSON each), so this bounds the scan's memory.
    package var maximumScanSegments = 64
    /// Keys of one BatchGetItem call, 100 at most (AWS API BatchGetItem).
    package var keysPerFetch = 100
    /// Calls in a row that may leave every key unprocessed before the shard's read counts as failed, to be tried again.
    package var fetchAttempts = 8
    /// Keys whose records are completed by a read of the table because the replica knows more of them than the stream has told;
    /// with more of them, all records are.
    package var maximumFetchedKeys = 100_000
    /// How much later than its write a record may be stamped. A record stamped later than this after an item was read tells of a
    /// write after that reading, so its own image may be used.
    package var recordDelay: Duration = .seconds(60)
    /// How far this machine's clock may be from the service's; added to `recordDelay` where the service does not tell its time.
    package var clockSkew: Duration = .seconds(15 * 60)
    /// How long such a key is remembered after its item was read: longer than the stream keeps records (24 hours).
    package var fetchedKeyMemory: Duration = .seconds(25 * 3_600)
    /// The wait before a comparison of table and replica, and between two.
    package var verifyInterval: Duration = .seconds(60)
    /// How long a comparison waits for the stream to pass the time of a read; suspects are left to the next comparison then.
    package var verifyPatience: Duration = .seconds(60)
    /// The wait between two comparisons that run because records were skipped, without `verifyUnitsPerSecond`.
    package var repairInterval: Duration = .seconds(3_600)
    /// Such comparisons in a row, `verifyInterval` apart, before that wait.
    package var repairPasses = 5
    /// Comparisons in a row that must find nothing open before skipped records count as repaired: one alone may take a key for seen
    /// that it was not (`BloomFilter`).
    package var cleanPasses = 2
    /// Faults of single items that the status tells of.
    package var unreadableReports = 16
    /// Suspects examined at once, and items of the replica looked at without a pause.
    package var verifyChunk = 1_000
    /// Bytes of the filter that remembers the keys a comparison has seen, ten bits a key; with more keys more of them are taken
    /// for seen, and surplus ones found later.
    package var verifyFilterBytes = 64 << 20
    /// How long the stream or the scan may refuse a start, in a row and for a reason that no waiting can mend. Then the start has failed.
    package var startLimit: Duration = .seconds(6)
    /// How long a start waits for one response to DescribeTable. Then readers are told, and it is called again.
    package var describePatience: Duration = .seconds(6)
    /// How long no call may have had a usable response before a start shows its saved state. Once the table is described, the time between
    /// two reads of a shard is added.
    package var previewPatience: Duration = .seconds(2)
    /// How long after a failure a call of the same table, stream or shard counts as its retry. Longer than any wait between two attempts.
    package var retryMemory: Duration = .seconds(30)
    /// The wait between the bookmark and the scan. A LATEST iterator can miss what is written within about a second of the call
    /// that made it; the scan, consistent and later than that, sees such writes.
    package var bookmarkSettle: Duration = .milliseconds(1_500)
    /// How often the state is judged while nothing else happens.
    package var watchInterval: Duration = .milliseconds(250)
    /// How late that may be before readers' lag counts the time since, and never more than the greatest lag.
    package var watchGrace: Duration = .seconds(2)
    /// How long the volume of the saved state may show no progress. Then a load is given up and the table is read; of a save it is
    /// said, and nothing else waits for it.
    package var statePatience: Duration = .seconds(30)
    /// How long a start waits for a state directory that another process holds: the predecessor may be draining. Beyond it the table is
    /// read, and the state is saved from when the directory is free.
    package var stateClaimPatience: Duration = .seconds(15)
    /// How often such a directory is tried meanwhile; later once in `stateSaveInterval`.
    package var stateClaimInterval: Duration = .milliseconds(250)
    /// How long a rebuild waits until the saved state is marked as given up. Then it begins without, and the mark comes later.
    package var stateAbandonPatience: Duration = .seconds(5)
    /// What the last save may take beyond the grace of a stop. Then the process ends without it.
    package var stateStopMargin: Duration = .seconds(1)
    /// How often DescribeTable is asked whether the stream is still the table's.
    package var tableCheckInterval: Duration = .seconds(60)
    /// The same while the stream is disabled or the table's description does not fit.
    package var troubledTableCheckInterval: Duration = .seconds(5)
    /// The waits after failed calls.
    package var backoff = ExponentialBackoff(base: .milliseconds(100), cap: .seconds(10), floor: .milliseconds(25))
    /// The waits between rebuilds in a row; the first rebuild follows its gap at once.
    package var rebuildBackoff = ExponentialBackoff(base: .seconds(1), cap: .seconds(60))
    /// A generation that was live this long is not held against the next rebuild.
    package var rebuildForgiveness: Duration = .seconds(600)
    /// The waits after generations that did not fit into memory; each attempt costs a scan.
    package var memoryBackoff = ExponentialBackoff(base: .seconds(300), cap: .seconds(6 * 3_600))
    /// How often memory is looked at while contents are built, and while they are followed.
    package var memoryBuildInterval: Duration = .milliseconds(50)
    package var memoryInterval: Duration = .milliseconds(250)
    /// How long memory may stay full after something was freed, before that counts as not enough.
    package var memoryPatience: Duration = .seconds(10)

    /// The time between two saves of the state; each costs a flush to the disk.
    package var stateSaveInterval: Duration = .seconds(1)
    /// The longest wait after a save that failed.
    package var stateBackoffCap: Duration = .seconds(60)

    /// The defaults.
    package init() {}

    /// The wait before the next save.
    func stateWait(failures: Int) -> Duration {
        if failures == 0 { return stateSaveInterval }
        return ExponentialBackoff(base: stateSaveInterval, cap: stateBackoffCap).bound(failures: failures)
    }

    /// The wait before rebuild number `rebuilds + 1` in a row.
    func rebuildWait(rebuilds: Int) -> Duration {
        rebuilds == 0 ? .zero : rebuildBackoff.bound(failures: rebuilds - 1)
    }
}
