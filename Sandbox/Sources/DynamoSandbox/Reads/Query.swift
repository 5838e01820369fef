import TableModel

/// Query: one partition, in the order of the sort key or against it.
extension Engine {
    func query(_ request: Request, now: Int64) throws(SandboxError) -> [UInt8] {
        let table = try activeTable(try request.tableName())
        let read = try ReadRequest(request, isQuery: true)
        let condition = try KeyCondition(read.keyCondition, schema: table.schema)
        try Self.checkFilter(read.filter, table.schema)
        let forward = try request.bool("ScanIndexForward") ?? true
        var (first, end) = try Self.bounds(condition, in: table)
        if let start = try read.startKey(in: table) {
            if forward {
                first = max(first, table.items.upperBound(start))
            } else {
                end = min(end, table.items.lowerBound(start))
            }
        }
        var page = ReadPage(
            limit: read.limit,
            pageBytes: settings.pageBytes,
            filter: read.filter,
            countsOnly: read.countsOnly
        )
        while first < end {
            let cursor = forward ? first : table.items.before(end)
            let (key, stored) = table.items[cursor]
            if forward { first = table.items.after(first) } else { end = cursor }
            let lag = settings.replicaLag
            guard let seen = table.visible(key, stored, consistent: read.consistent, now: now, lag: lag) else {
                continue
            }
            guard page.read(seen) else { break }
        }
        return page.response(of: table, read.projection, read.capacity, consistent: read.consistent)
    }

    private typealias Items = OrderedMap<OrderKey, StoredItem>

    /// The range of the items that a key condition selects.
    private static func bounds(
        _ condition: KeyCondition,
        in table: Table
    ) throws(SandboxError) -> (Items.Cursor, Items.Cursor) {
        let prefix: [UInt8]
        do {
            prefix = try ItemKey.partitionPrefix(condition.partition, schema: table.schema)
        } catch {
            throw SandboxError.validation("The provided key element does not match the schema")
        }
        let hash = OrderKey.hash(partition: prefix)
        let items = table.items
        func first(_ bytes: [UInt8]) -> Items.Cursor { items.lowerBound(OrderKey(hash: hash, bytes: bytes)) }
        func afterPrefix(_ bytes: [UInt8]) -> Items.Cursor {
            Self.successor(of: bytes).map(first) ?? items.upperBound(OrderKey(hash: hash, bytes: bytes))
        }
        func key(_ sort: AttributeValue) throws(SandboxError) -> OrderKey {
            try table.orderKey(partition: condition.partition, sort: sort)
        }
        guard table.schema.sort != nil else { return (first(prefix), afterPrefix(prefix)) }
        switch condition.range {
        case .all: return (first(prefix), afterPrefix(prefix))
        case .compare(.equal, let value): return (items.lowerBound(try key(value)), items.upperBound(try key(value)))
        case .compare(.less, let value): return (first(prefix), items.lowerBound(try key(value)))
        case .compare(.lessOrEqual, let value): return (first(prefix), items.upperBound(try key(value)))
        case .compare(.greater, let value): return (items.upperBound(try key(value)), afterPrefix(prefix))
        case .compare(_, let value): return (items.lowerBound(try key(value)), afterPrefix(prefix))
        case .between(let lower, let upper):
            return (items.lowerBound(try key(lower)), items.upperBound(try key(upper)))
        case .beginsWith(let value):
            let bytes = try key(value).bytes
            return (first(bytes), afterPrefix(bytes))
        }
    }

    /// The least bytes greater than everything that begins with `bytes`; nil when there are none.
    private static func successor(of bytes: [UInt8]) -> [UInt8]? {
        guard let last = bytes.lastIndex(where: { $0 != 0xFF }) else { return nil }
        return Array(bytes[..<last]) + [bytes[last] + 1]
    }

    private static func checkFilter(_ filter: Condition?, _ schema: KeySchema) throws(SandboxError) {
        let names = [schema.partition, schema.sort].compactMap { $0 }.map { AttributeName($0.name) }
        guard let name = filter?.rootNames.first(where: names.contains) else { return }
        throw SandboxError.validation(
            "Filter Expression can only contain non-primary key attributes: Primary key attribute: \(name)"
        )
    }
}

extension Condition {
    /// The top-level attributes that the condition looks at.
    var rootNames: [AttributeName] {
        switch self {
        case .compare(_, let left, let right), .beginsWith(let left, let right), .contains(let left, let right):
            left.rootNames + right.rootNames
        case .between(let value, let lower, let upper): value.rootNames + lower.rootNames + upper.rootNames
        case .among(let value, let candidates): value.rootNames + candidates.flatMap(\.rootNames)
        case .and(let left, let right), .or(let left, let right): left.rootNames + right.rootNames
        case .not(let condition): condition.rootNames
        case .exists(let path), .notExists(let path), .hasType(let path, _): [path.root]
        }
    }
}

extension Operand {
    var rootNames: [AttributeName] {
        switch self {
        case .path(let path): [path.root]
        case .value: []
        case .size(let operand): operand.rootNames
        }
    }
}
