package import DynamoDBClient

/// The cost of a replica of a table, by DescribeTable's counts, which are up to six hours old.
package struct TableEstimate: Sendable, Hashable {
    /// Resident bytes of a process without a table.
    package static let processBytes = TableMemory.processBytes
    /// Resident bytes of the process; nil where DynamoDB counted nothing yet.
    package let memoryBytes: Int64?
    /// Read capacity units a second that the scan may have: those of the setting, otherwise those that the table has; nil without a bound.
    package let scanUnitsPerSecond: Double?

    /// Estimates by a description. Where attributes are left out of the items (`ignoresAttributes`), it says nothing of their size.
    package init(_ table: TableDescription, scanCapacity: ScanCapacity, ignoresAttributes: Bool) {
        let memory = TableMemory(bytes: table.capacity.sizeBytes, items: table.approximateItemCount)
        memoryBytes = ignoresAttributes ? nil : memory.process
        scanUnitsPerSecond =
            scanCapacity.rate(for: table.capacity).unitsPerSecond
            ?? table.capacity.provisionedReadUnits.map(Double.init)
    }
}
