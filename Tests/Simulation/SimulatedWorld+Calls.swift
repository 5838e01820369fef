import DynamoDBClient
import DynamoDBStream
import TableModel

extension SimulatedWorld {
    static func error(_ kind: DynamoDBError.Kind, _ operation: String) -> DynamoDBError {
        DynamoDBError(kind: kind, operation: operation, subject: "", code: "", message: "", hint: "")
    }

    /// What goes wrong with a call by chance: throttling, a proxy's HTML, a dropped connection, a refusal.
    private func fault(_ operation: String) -> DynamoDBError? {
        if isDenied { return Self.error(.accessDenied, operation) }
        guard areFaultsOn, random.chance(scenario.faultPercent) else { return nil }
        let kinds: [DynamoDBError.Kind] = [
            .throttled, .throttled, .transient, .transient, .malformed, .expiredCredentials,
        ]
        return Self.error(kinds[random.below(kinds.count)], operation)
    }

    /// How long a call to a shard that does not answer takes; nil for every other call.
    func stall(of action: StreamAction) -> Int? {
        guard let broken, broken.how == .silence else { return nil }
        switch action {
        case .getIterator(let shardID, _) where shardID == shards[broken.shard].id: return 20_000
        case .getRecords(let shardID, _) where shardID == shards[broken.shard].id: return 20_000
        default: return nil
        }
    }

    /// What a shard answers that fails for good.
    private func breakage(_ shard: Int, _ operation: String) -> DynamoDBError? {
        guard let broken, broken.shard == shard else { return nil }
        switch broken.how {
        case .silence: return Self.error(.transient, operation)
        case .error(let kind): return Self.error(kind, operation)
        case .recordsError(let kind): return operation == "GetRecords" ? Self.error(kind, operation) : nil
        }
    }

    /// Answers a call of the machine; nil for actions that are none.
    func answer(_ action: StreamAction, stream: Int) -> StreamInput? {
        switch action {
        case .describe(let cursor):
            if let fault = fault("DescribeStream") { return .listingFailed(fault) }
            return .listed(describe(stream, after: cursor))
        case .describeChildren(let parent):
            if let fault = fault("DescribeStream") { return .childrenFailed(of: parent, fault) }
            return .childrenListed(of: parent, children(of: parent, stream))
        case .getIterator(let shardID, let start):
            do throws(DynamoDBError) { return .iterator(shardID: shardID, try iterator(shardID, start)) } catch {
                return .iteratorFailed(shardID: shardID, error)
            }
        case .getRecords(let shardID, let iterator):
            do throws(DynamoDBError) { return .records(shardID: shardID, try records(shardID, iterator)) } catch {
                return .recordsFailed(shardID: shardID, error)
            }
        case .abandon, .deliver, .bookmarked, .gap, .trouble, .passEnded: return nil
        }
    }

    private func listed(_ stream: Int) -> [Int] {
        let visible = shards.indices.filter {
            shards[$0].stream == stream && !shards[$0].isGone && (shards[$0].listedFrom <= now || !areFaultsOn)
        }
        // Lexical order is DynamoDB's habit, not a promise.
        return scenario.listsChildrenFirst ? visible.reversed() : visible
    }

    private func shown(_ index: Int) -> Shard {
        let shard = shards[index]
        return Shard(
            id: shard.id,
            parentID: shard.parent.map { shards[$0].id },
            startingSequenceNumber: shard.records.first?.sequenceNumber,
            endingSequenceNumber: shard.isClosed && !shard.staysListedOpen
                ? shard.records.last?.sequenceNumber ?? SequenceNumber("0") : nil
        )
    }

    private func page(_ stream: Int, _ shards: [Shard], next: String?) -> StreamPage {
        StreamPage(
            streamARN: Self.streamARN(stream),
            status: self.stream == stream ? .enabled : .disabled,
            viewType: .newAndOldImages,
            tableName: "t",
            shards: shards,
            lastEvaluatedShardID: next
        )
    }

    private func describe(_ stream: Int, after cursor: String?) -> StreamPage {
        var rest = listed(stream)[...]
        if cursor == nil, areFaultsOn, random.chance(5) { return page(stream, [], next: "shardId-none") }
        if let cursor, let place = rest.firstIndex(where: { shards[$0].id == cursor }) { rest = rest[(place + 1)...] }
        let taken = rest.prefix(scenario.listingPage)
        let hasMore = taken.count < rest.count
        return page(stream, taken.map(shown), next: hasMore ? taken.last.map { shards[$0].id } : nil)
    }

    private func children(of parent: String, _ stream: Int) -> StreamPage {
        if scenario.ignoresFilter { return describe(stream, after: nil) }
        let found = listed(stream).filter { index in shards[index].parent.map { shards[$0].id == parent } ?? false }
        return page(stream, found.map(shown), next: nil)
    }

    private func find(_ id: String, _ operation: String) throws(DynamoDBError) -> Int {
        guard let index = Int(id.suffix(4)), !shards[index].isGone else { throw Self.error(.notFound, operation) }
        return index
    }

    private func iterator(_ id: String, _ start: IteratorStart) throws(DynamoDBError) -> String? {
        if let fault = fault("GetShardIterator") { throw fault }
        let shard = try find(id, "GetShardIterator")
        if let breakage = breakage(shard, "GetShardIterator") { throw breakage }
        if areFaultsOn, random.chance(scenario.missingIteratorPercent) { return nil }
        let records = shards[shard].records
        var index = records.count
        var slack = 0
        switch start {
        case .latest: slack = now + scenario.latestSlack
        case .trimHorizon: index = shards[shard].trimmed
        case .at(let number): index = records.firstIndex { $0.sequenceNumber >= number } ?? index
        case .after(let number): index = records.firstIndex { $0.sequenceNumber > number } ?? index
        }
        guard index >= shards[shard].trimmed else { throw Self.error(.trimmed, "GetShardIterator") }
        return token(shard, index, slack)
    }

    private func token(_ shard: Int, _ index: Int, _ slackUntil: Int = 0) -> String {
        iterators.append(ModelIterator(shard: shard, index: index, issuedAt: now, slackUntil: slackUntil))
        return String(iterators.count - 1)
    }

    private func records(_ id: String, _ name: String) throws(DynamoDBError) -> RecordsPage {
        if let fault = fault("GetRecords") { throw fault }
        let shard = try find(id, "GetRecords")
        if let breakage = breakage(shard, "GetRecords") { throw breakage }
        guard let place = Int(name) else { throw Self.error(.fatal, "GetRecords") }
        let iterator = iterators[place]
        let isLifeOver = now - iterator.issuedAt > Self.iteratorLife
        guard !isLifeOver, !(areFaultsOn && random.chance(scenario.expiryPercent)) else {
            throw Self.error(.expiredIterator, "GetRecords")
        }
        var index = iterator.index
        let (trimmed, count) = (shards[shard].trimmed, shards[shard].records.count)
        guard index >= trimmed else { throw Self.error(.trimmed, "GetRecords") }
        while index < count, shards[shard].writtenAt[index] < iterator.slackUntil { index += 1 }
        if shards[shard].emptyPlace != index { (shards[shard].emptyPlace, shards[shard].emptyRun) = (index, 0) }
        if areFaultsOn, shards[shard].emptyRun < Scenario.longestEmptyRun, random.chance(scenario.emptyPercent) {
            shards[shard].emptyRun += 1
            return RecordsPage(records: [], nextIterator: token(shard, index))
        }
        if areFaultsOn, index > trimmed, random.chance(scenario.repeatPercent) { index -= 1 }
        let end = min(count, index + scenario.recordLimit)
        let isEnd = shards[shard].isClosed && end == count && !shards[shard].staysListedOpen
        // The null comes with the last records, or with an empty page after them.
        let endsNow = isEnd && (index == end || random.chance(60))
        return RecordsPage(
            records: Array(shards[shard].records[index..<end]),
            nextIterator: endsNow ? nil : token(shard, end)
        )
    }

    /// One page of a consistent scan: the keys of a segment from a place on. An unreadable row's reason is its write.
    func scan(_ keys: ArraySlice<Int>, isStale: Bool) throws(DynamoDBError) -> ScanPage {
        if let fault = fault("Scan") { throw fault }
        var batch = ItemBatch()
        var unreadable: [UnreadableRow] = []
        for key in keys {
            var place = latest[key]
            // What an eventually consistent read may answer.
            if isStale, place >= 0, now - writes[place].at < 3_000 { place = writes[place].previous }
            guard place >= 0, writes[place].isPut else { continue }
            let packed = item(key, place).packed
            guard let bytes = packed.withUnsafeBytes({ try? PackedItem.key(of: $0, schema: Self.schema).bytes })
            else { preconditionFailure("the world's items have keys") }
            guard writes[place].isReadable else {
                unreadable.append(UnreadableRow(key: ItemKey(bytes: bytes), reason: String(place)))
                continue
            }
            let start = batch.arena.count
            batch.arena += bytes
            let middle = batch.arena.count
            batch.arena += packed
            batch.entries.append(ItemBatch.Entry(key: start..<middle, item: middle..<batch.arena.count))
        }
        return ScanPage(items: batch, unreadable: unreadable, lastEvaluatedKey: nil, consumedCapacity: nil)
    }
}
