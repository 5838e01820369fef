import Basics

extension TableFindings {
    /// The memory and the scan that the table's size costs. Nothing where the size is not known.
    static func size(_ seen: TableObservations) -> [Finding] {
        guard let size = seen.size else { return [] }
        return [memory(size), scan(size)]
    }

    private static func memory(_ size: TableSize) -> Finding {
        guard let needed = size.neededBytes else {
            return Finding(
                "memory",
                .warn,
                "nothing tells the size yet: DynamoDB counts items about every six hours, with all their attributes",
                change: "check again later, or reckon with 1.05 bytes for each byte and 176 bytes for each item"
            )
        }
        let words = "\(size.items) items of \(bytes(size.tableBytes)) take about \(bytes(needed)) of memory"
        guard let limit = size.limitBytes else { return Finding("memory", .ok, "\(words); no limit is set") }
        let limited = "\(words); the limit is \(bytes(limit))"
        if needed > limit {
            return Finding(
                "memory",
                .fail,
                limited,
                change: "give the process more memory (--max-memory, the container's limit): the whole table has to fit"
            )
        }
        if needed > limit / 2 {
            return Finding(
                "memory",
                .warn,
                limited,
                change:
                    "two copies do not fit, so reads are refused while the replica is built again: give it twice the memory to "
                    + "serve meanwhile"
            )
        }
        return Finding("memory", .ok, limited)
    }

    private static func scan(_ size: TableSize) -> Finding {
        let cost =
            "each start without a saved state, and each rebuild, scans the table: about \(size.scanUnits) read capacity units"
        guard let seconds = size.scanSeconds else { return Finding("scan", .ok, "\(cost), as fast as DynamoDB allows") }
        return Finding("scan", .ok, "\(cost), about \(duration(seconds))")
    }

    /// A time in the unit that fits, rounded up.
    private static func duration(_ seconds: Double) -> String {
        let (unit, name) = seconds < 120 ? (1.0, "s") : seconds < 7_200 ? (60, "min") : (3_600, "h")
        return "\(Int64(saturating: (seconds / unit).rounded(.up))) \(name)"
    }

    /// A size in the unit that fits: `1.4 GiB`.
    private static func bytes(_ count: Int64) -> String {
        let units = ["KiB", "MiB", "GiB", "TiB", "PiB"]
        var (value, unit) = (Double(count) / 1_024, 0)
        while value >= 1_000, unit < units.count - 1 { (value, unit) = (value / 1_024, unit + 1) }
        let tenths = Int64(saturating: (value * 10).rounded())
        return "\(tenths / 10).\(tenths % 10) \(units[unit])"
    }
}
