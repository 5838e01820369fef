/// The size of a table and its capacity for reads, as DescribeTable tells them.
public struct TableCapacity: Sendable, Hashable {
    /// TableSizeBytes, which is up to six hours old; 0 for a young table, or where the endpoint does not say.
    public var sizeBytes: Int64 = 0
    /// ProvisionedThroughput.ReadCapacityUnits; nil for a table that is paid per request.
    public var provisionedReadUnits: Int?
    /// OnDemandThroughput.MaxReadRequestUnits; nil without a bound.
    public var maximumReadUnits: Int?
    /// WarmThroughput.ReadUnitsPerSecond: what the table can do at once; nil where the endpoint does not say.
    public var warmReadUnits: Int?

    /// A table of which nothing is known.
    public init() {}
}
