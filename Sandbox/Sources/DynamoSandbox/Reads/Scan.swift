import Basics
import TableModel

/// Scan: pages in the order of the partitions' hashes, one part of them for each segment.
extension Engine {
    func scan(_ request: Request, now: Int64, empty: Bool = false) throws(SandboxError) -> [UInt8] {
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
            limit: settings.scanPageItems.map { min($0, read.limit ?? $0) } ?? read.limit,
            pageBytes: settings.pageBytes,
            filter: read.filter,
            countsOnly: read.countsOnly
        )
        var cursor =
            start.map(table.items.upperBound) ?? table.items.lowerBound(OrderKey(hash: segment.lowerBound, bytes: []))
        if empty, let page = emptyPage(of: table, after: start, in: segment, before: cursor, read) { return page }
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
        return page.response(of: table, read.projection, read.capacity, consistent: read.consistent)
    }

    /// A page without items whose LastEvaluatedKey stands before every item that is still to come: a key that no item has. Nil when
    /// no such key is found, or nothing is to come.
    private func emptyPage(
        of table: Table,
        after start: OrderKey?,
        in segment: ClosedRange<UInt64>,
        before cursor: OrderedMap<OrderKey, StoredItem>.Cursor,
        _ read: ReadRequest
    ) -> [UInt8]? {
        guard cursor < table.items.end, table.schema.partition.type == .string else { return nil }
        let next = table.items[cursor].key.hash
        let first = start?.hash ?? segment.lowerBound
        for number in 0..<100_000 {
            var key: Attributes = [AttributeName(table.schema.partition.name): .string("between-\(number)")]
            if let sort = table.schema.sort {
                key[AttributeName(sort.name)] =
                    sort.type == .string ? .string("0") : sort.type == .number ? .number("0") : .binary([0])
            }
            guard let place = try? table.orderKey(ofKey: key), place.hash > first, place.hash < next,
                segment.contains(place.hash)
            else { continue }
            return JSONWriter.object { output in
                output.name("Items")
                output.array([StoredItem]()) { $0.item($1, read.projection) }
                output.member("Count", 0)
                output.member("ScannedCount", 0)
                output.member("LastEvaluatedKey", key)
                read.capacity.write([(table.name, Capacity.read(0, consistent: read.consistent))], &output)
            }
        }
        return nil
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
