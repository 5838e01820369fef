/// The size of a table, and the cost of having it in memory.
package struct TableSize: Sendable, Hashable {
    /// TableSizeBytes and ItemCount of DescribeTable: up to six hours old (Amazon DynamoDB API Reference, TableDescription).
    package var tableBytes: Int64
    package var items: Int64
    /// The memory that the replica is expected to take, in bytes; nil where DynamoDB counted nothing yet.
    package var neededBytes: Int64?
    /// The memory that it may take, in bytes; nil where there is no limit.
    package var limitBytes: Int64?
    /// Read capacity units a second that the scan keeps to: `--scan-rcu` or the table's provisioned capacity; nil without a bound.
    package var unitsPerSecond: Double?

    /// Describes a size.
    package init(
        tableBytes: Int64,
        items: Int64,
        neededBytes: Int64?,
        limitBytes: Int64?,
        unitsPerSecond: Double?
    ) {
        self.tableBytes = tableBytes
        self.items = items
        self.neededBytes = neededBytes
        self.limitBytes = limitBytes
        self.unitsPerSecond = unitsPerSecond
    }

    /// Bytes of one read capacity unit of a consistent read (Amazon DynamoDB Developer Guide, "Read/write capacity mode").
    private static let unitBytes: Int64 = 4_096

    /// Read capacity units of one scan.
    package var scanUnits: Int64 { (tableBytes + Self.unitBytes - 1) / Self.unitBytes }

    /// Seconds of one scan; nil where nothing bounds its pace.
    package var scanSeconds: Double? { unitsPerSecond.map { Double(scanUnits) / max(1, $0) } }
}
