import TableModel

/// Scan: pages in the order of the partitions' hashes, one part of them for each segment.
extension Engine {
    func scan(_ request: Request, now: Int64) throws(SandboxError) -> [UInt8] {
        let table = try activeTable(try request.tableName())
        let read = try ReadRequest(request, isQuery: false)
        let segment = try Self.segment(request)
        let start = try read.startKey(in: table)
        if let start, !segment.contains(start.hash) {
            throw SandboxError.validation(
                "The provided starting key is invalid: Invalid ExclusiveStartKey. Please use ExclusiveStartKey with "
                    + "correct Segment."
            )
        }
        var page = ReadPage(
            limit: read.limit,
            pageBytes: settings.pageBytes,
            filter: read.filter,
            countsOnly: read.countsOnly
        )
        var cursor =
            start.map(table.items.upperBound) ?? table.items.lowerBound(OrderKey(hash: segment.lowerBound, bytes: []))
        while cursor < table.items.end {
            let (key, stored) = table.items[cursor]
            guard key.hash <= segment.upperBound else { break }
            cursor = table.items.after(cursor)
            let lag = settings.replicaLag
            guard let seen = table.visible(key, stored, consistent: read.consistent, now: now, lag: lag) else {
                continue
            }
            guard page.read(seen) else { break }
        }
        return page.answer(of: table, read.projection, read.capacity, consistent: read.consistent)
    }

    /// The hashes that a segment covers.
    private static func segment(_ request: Request) throws(SandboxError) -> ClosedRange<UInt64> {
        let total = try request.integer("TotalSegments", in: 1...SandboxLimits.segments)
        let segment = try request.integer("Segment", in: 0...(SandboxLimits.segments - 1))
        switch (segment, total) {
        case (nil, nil): return 0...UInt64.max
        case (nil, _?):
            throw SandboxError.validation(
                "The Segment parameter is required but was not present in the request when parameter TotalSegments is present"
            )
        case (_?, nil):
            throw SandboxError.validation(
                "The TotalSegments parameter is required but was not present in the request when Segment parameter is present"
            )
        case (let segment?, let total?):
            guard segment < total else {
                throw SandboxError.validation(
                    "The Segment parameter is zero-based and must be less than parameter TotalSegments: "
                        + "Segment: \(segment) is not less than TotalSegments: \(total)"
                )
            }
            let width = UInt64.max / UInt64(total)
            let lower = UInt64(segment) * width
            return lower...(segment == total - 1 ? UInt64.max : lower + width - 1)
        }
    }
}
