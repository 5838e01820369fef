import DynamoDBClient

/// Read capacity that the scan may consume.
package enum ScanCapacity: Sendable, Hashable {
    /// As much as the table gives, until it throttles.
    case unlimited
    /// At most so many units a second.
    case units(Int)
    /// A share of what the table has.
    case auto

    /// The share of the table's capacity that `auto` takes: the rest is for the table's other users.
    package static let share = 0.5
    /// Units a second that `auto` begins with where the table is paid per request and does not tell what it can do: half of what each such
    /// table can do at least (DynamoDB developer guide, "On-demand capacity mode": 12,000 read request units), and less, because others read too.
    static let onDemandStart = 2_000.0

    /// The rate at which the scan of a table begins.
    func rate(for table: TableCapacity) -> ScanRate {
        switch self {
        case .unlimited: return ScanRate(start: nil, ceiling: nil)
        case .units(let units): return ScanRate(start: Double(units), ceiling: Double(units))
        case .auto:
            if let units = table.provisionedReadUnits {
                let share = max(ScanRate.floor, Double(units) * Self.share)
                return ScanRate(start: share, ceiling: share)
            }
            let ceiling = table.maximumReadUnits.map { max(ScanRate.floor, Double($0) * Self.share) }
            let start = table.warmReadUnits.map { max(ScanRate.floor, Double($0) * Self.share) } ?? Self.onDemandStart
            return ScanRate(start: min(start, ceiling ?? start), ceiling: ceiling)
        }
    }
}
