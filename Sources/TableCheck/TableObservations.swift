package import DynamoDBClient

/// The observations of one check: a table, and the way to it.
package struct TableObservations: Sendable, Hashable {
    /// The table as it was named.
    package var table: String
    /// The Region that requests are signed for.
    package var region: String
    /// The endpoints of DynamoDB and of DynamoDB Streams.
    package var endpoint: String
    package var streamsEndpoint: String
    /// The credentials after the calls.
    package var credentials = CredentialsStatus()
    /// How far this machine's clock is ahead of AWS's, in milliseconds; nil where no response told.
    package var skewMilliseconds: Int64?
    /// The end of each call.
    package var outcomes: [TableCall: TableCall.Outcome] = [:]
    /// The table; nil where DescribeTable failed.
    package var description: TableDescription?
    /// The table's size and its cost; nil where DescribeTable failed.
    package var size: TableSize?
    /// Items of the page that was scanned, their bytes and the read capacity units that they took.
    package var scannedItems = 0
    package var scannedBytes = 0
    package var scannedUnits: Double?
    /// Open shards of the stream; nil where they were not listed to the end.
    package var openShards: Int?
    /// Reads of one shard, and how many of them were throttled.
    package var reads = 0
    package var throttledReads = 0

    /// Nothing was seen yet.
    package init(table: String, region: String, endpoint: String, streamsEndpoint: String) {
        self.table = table
        self.region = region
        self.endpoint = endpoint
        self.streamsEndpoint = streamsEndpoint
    }
}
