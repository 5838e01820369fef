import TableModel

/// The whole state of a sandbox and the rules that change it. A value: time comes in, bytes go out.
struct Engine: Sendable {
    var settings: SandboxSettings
    /// By name; those of another account or Region by their whole ARN, which is how they are asked for.
    var tables: [String: Table] = [:]
    /// Every stream that ever was, by ARN.
    var streams: [String: TableStream] = [:]
    var sequenceNumbers: SequenceNumbers
    var transactionTokens = TransactionTokens()
    /// How the listing of shards is bent for a while.
    var listing = ShardListing()
    /// When the last DescribeStream calls were answered: milliseconds since 1970 UTC, oldest first.
    var describeStreamTimes: [Int64] = []

    init(settings: SandboxSettings) {
        self.settings = settings
        sequenceNumbers = SequenceNumbers(first: settings.firstSequenceNumber)
    }

    /// Does one operation and gives back its response's JSON. `now` is milliseconds since 1970 UTC.
    mutating func perform(
        _ operation: SandboxOperation,
        _ request: Request,
        now: Int64,
        fault: SandboxFault? = nil
    ) throws(SandboxError) -> [UInt8] {
        if operation == .createTable { try TableNameRule.checkNew(place(ofTable: try request.tableName())) }
        try MemberRules.check(operation, request)
        return switch operation {
        case .createTable: try createTable(request, now: now)
        case .describeTable: try describeTable(request)
        case .deleteTable: try deleteTable(request, now: now)
        case .listTables: try listTables(request)
        case .updateTable: try updateTable(request, now: now)
        case .putItem: try putItem(request, now: now)
        case .updateItem: try updateItem(request, now: now)
        case .deleteItem: try deleteItem(request, now: now)
        case .getItem: try getItem(request, now: now)
        case .batchGetItem: try batchGetItem(request, now: now)
        case .batchWriteItem: try batchWriteItem(request, now: now)
        case .transactWriteItems: try transactWriteItems(request, now: now)
        case .query: try query(request, now: now)
        case .scan: try scan(request, now: now, empty: fault == .emptyPage)
        case .listStreams: try listStreams(request)
        case .describeStream: try describeStream(request, now: now, fault: fault)
        case .getShardIterator: try getShardIterator(request, now: now)
        case .getRecords: try getRecords(request, now: now, fault: fault)
        }
    }

    /// The key in `tables` of a table that a request names by its name or its ARN. Resource policies let every table of another account be
    /// used.
    func place(ofTable text: String) -> String {
        let own = arnPrefix
        return text.hasPrefix(own) ? String(text.dropFirst(own.count)) : text
    }

    /// The beginning of the ARN of every table of this account.
    var arnPrefix: String { "arn:aws:dynamodb:\(settings.region):\(settings.accountID):table/" }

    /// The table that item operations work on: it must be there, not on its way out, and have no obstacle.
    func activeTable(_ name: String) throws(SandboxError) -> Table {
        guard let table = tables[place(ofTable: name)], table.status != .creating, table.status != .deleting else {
            throw SandboxError.notFound()
        }
        if let obstruction = table.obstruction { throw obstruction.obstacle.refusal }
        return table
    }
}
