/// The bounds of a trial of the calls.
package struct CallTrialLimits: Sendable, Hashable {
    /// Items of the page that is scanned: read capacity is used for them alone.
    package var scannedItems = 25
    /// Pages of DescribeStream, of 100 shards each.
    package var shardPages = 50
    /// Reads of one shard that are made to see whether other readers use up its limit.
    package var reads = 5
    /// The pause between these reads. A shard allows five reads a second.
    package var readPause: Duration = .milliseconds(250)

    /// The defaults.
    package init() {}
}
