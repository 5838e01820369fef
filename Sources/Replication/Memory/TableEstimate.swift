package import DynamoDBClient

/// The cost of a replica of a table, by DescribeTable's counts, which are up to six hours old.
package struct TableEstimate: Sendable, Hashable {
    /// Resident bytes of the process; nil where DynamoDB counted nothing yet.
    package let memoryBytes: Int64?
    /// Read capacity units a second that the scan may have: those of the setting, otherwise those that the table has; nil without a bound.
    package let scanUnitsPerSecond: Double?

    /// Estimates by a description.
    package init(_ table: TableDescription, scanCapacity: ScanCapacity) {
        memoryBytes = TableMemory(bytes: table.capacity.sizeBytes, items: table.approximateItemCount).process
        scanUnitsPerSecond =
            scanCapacity.rate(for: table.capacity).unitsPerSecond
            ?? table.capacity.provisionedReadUnits.map(Double.init)
    }
}
