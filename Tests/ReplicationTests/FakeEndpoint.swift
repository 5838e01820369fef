import Basics
import DynamoDBClient
import StreamModel
import Synchronization
import TableModel

/// DynamoDB and its Streams over a `StreamModel`, as the replicator sees them.
final class FakeEndpoint: DynamoDBAPI, DynamoDBStreamsAPI {
    struct State {
        var model: StreamModel
        var streamEnabled = true
        var viewType: StreamViewType? = .newAndOldImages
        var tableStatus = "ACTIVE"
        var summaries = TableSummaries()
        var capacity = TableCapacity()
        /// What DescribeTable says, where it is another table's.
        var tableARN: String?
        /// What DescribeStream says, where it is another stream's.
        var answeredStreamARN: String?
        /// Called before each scan page, to write in between.
        var beforeScanPage: ((inout StreamModel, Int) -> Void)?
        /// Called before items are read by key, to write in between.
        var beforeFetch: ((inout StreamModel, [String]) -> Void)?
        /// Operations whose calls have no response.
        var hanging: Set<String> = []
        /// How long a page of the scan takes, by the harness's clock.
        var scanTime: Duration = .zero
        var scanPages = 0
        var scanRequests: [ScanRequest] = []
    }

    static let schema = KeySchema(partition: KeyAttribute(name: "id", type: .string))

    private let state: Mutex<State>
    private let time: FastTime

    init(_ model: StreamModel, time: FastTime) {
        self.time = time
        state = Mutex(State(model: model))
    }

    func change<Result: Sendable>(_ body: (inout State) -> Result) -> Result {
        let now = time.now
        return state.withLock { state in
            state.model.now = max(state.model.now, now)
            return body(&state)
        }
    }

    private func hang(_ operation: String) async throws(DynamoDBError) {
        while change({ $0.hanging.contains(operation) }) {
            guard (try? await Task.sleep(for: .milliseconds(10))) != nil else {
                throw StreamModel.error(.cancelled, operation, "demo")
            }
        }
    }

    private func call<Answer>(
        _ body: (inout State) throws(DynamoDBError) -> sending Answer
    ) async throws(DynamoDBError) -> sending Answer {
        await Task.yield()
        let now = time.now
        return try state.withLock { (state) throws(DynamoDBError) in
            state.model.now = max(state.model.now, now)
            return try body(&state)
        }
    }

    func describeTable(_ name: String) async throws(DynamoDBError) -> TableDescription {
        try await hang("DescribeTable")
        return try await call { (state) throws(DynamoDBError) in
            try state.model.begin("DescribeTable", name)
            return TableDescription(
                name: name,
                arn: state.tableARN ?? "arn:aws:dynamodb:eu-central-1:000000000000:table/demo",
                status: state.tableStatus,
                keySchema: Self.schema,
                latestStreamARN: state.streamEnabled ? state.model.streamARN : nil,
                streamEnabled: state.streamEnabled,
                streamViewType: state.viewType,
                approximateItemCount: Int64(state.model.table.count),
                capacity: state.capacity,
                summaries: state.summaries
            )
        }
    }

    func scan(_ request: ScanRequest) async throws(DynamoDBError) -> ScanPage {
        try await hang("Scan")
        let scanTime = change { $0.scanTime }
        if scanTime > .zero { try? await time.source.sleep(scanTime) }
        return try await call { (state) throws(DynamoDBError) in
            state.scanRequests.append(request)
            try state.model.begin("Scan", request.table)
            state.scanPages += 1
            state.beforeScanPage?(&state.model, state.scanPages)
            var after = ""
            if let start = request.exclusiveStartKey, case .string(let key) = start["id"] { after = key }
            let keys = state.model.table.keys.sorted().filter { key in
                key > after && Int(key.utf8.last ?? 0) % request.totalSegments == request.segment
            }
            let page = keys.prefix(3)
            var batch = ItemBatch()
            var unreadable: [UnreadableRow] = []
            for key in page {
                if let fault = UnreadableValue(rawValue: state.model.table[key] ?? "") {
                    unreadable.append(fault.row(key))
                    continue
                }
                let item = Item(["id": .string(key), "value": .string(state.model.table[key] ?? "")])
                guard let identity = try? ItemKey(partition: .string(key), schema: Self.schema) else { continue }
                let keyStart = batch.arena.count
                batch.arena += identity.bytes
                let itemStart = batch.arena.count
                batch.arena += item.packed
                batch.entries.append(
                    ItemBatch.Entry(key: keyStart..<itemStart, item: itemStart..<batch.arena.count)
                )
            }
            let last = page.count < keys.count ? page.last : nil
            return ScanPage(
                items: batch,
                unreadable: unreadable,
                lastEvaluatedKey: last.map { ["id": AttributeValue.string($0)] },
                consumedCapacity: nil
            )
        }
    }

    func batchGetItem(table: String, keys: [[AttributeName: AttributeValue]]) async throws(DynamoDBError)
        -> BatchGetPage
    {
        try await call { (state) throws(DynamoDBError) in
            try state.model.begin("BatchGetItem", table)
            let ids = keys.compactMap { if case .string(let id) = $0["id"] { id } else { nil } }
            state.beforeFetch?(&state.model, ids)
            var items: [Item] = []
            var unreadable: [PartialItem] = []
            for key in keys {
                guard case .string(let id) = key["id"], let value = state.model.table[id] else { continue }
                if let fault = UnreadableValue(rawValue: value) {
                    unreadable.append(fault.item(id))
                    continue
                }
                items.append(Item(["id": .string(id), "value": .string(value)]))
            }
            return BatchGetPage(items: items, unreadable: unreadable, unprocessedKeys: [])
        }
    }

    func describeStream(
        _ streamARN: String,
        exclusiveStartShardID: String?,
        childrenOf: String?
    ) async throws(DynamoDBError) -> StreamPage {
        try await hang("DescribeStream")
        return try await call { (state) throws(DynamoDBError) in
            guard streamARN == state.model.streamARN else {
                throw StreamModel.error(.notFound, "DescribeStream", streamARN)
            }
            let page = try state.model.describeStream(exclusiveStart: exclusiveStartShardID, childrenOf: childrenOf)
            return StreamPage(
                streamARN: state.answeredStreamARN ?? page.streamARN,
                status: page.status,
                viewType: page.viewType,
                tableName: page.tableName,
                shards: page.shards,
                lastEvaluatedShardID: page.lastEvaluatedShardID
            )
        }
    }

    func getShardIterator(
        _ streamARN: String,
        shardID: String,
        start: IteratorStart
    ) async throws(DynamoDBError) -> String? {
        try await hang("GetShardIterator")
        return try await call { (state) throws(DynamoDBError) in try state.model.getShardIterator(shardID, start) }
    }

    func getRecords(iterator: String, shardID: String, limit: Int) async throws(DynamoDBError) -> RecordsPage {
        try await hang("GetRecords")
        return try await call { (state) throws(DynamoDBError) in
            let read = try state.model.getRecords(iterator, limit: limit)
            let page = RecordsPage(records: read.records.map(UnreadableValue.spoil), nextIterator: read.nextIterator)
            guard state.viewType == .keysOnly || state.viewType == .oldImage else { return page }
            return RecordsPage(records: page.records.map(\.withoutImage), nextIterator: page.nextIterator)
        }
    }
}

extension StreamRecord {
    /// The record as a stream of keys has it.
    var withoutImage: StreamRecord {
        StreamRecord(
            eventID: eventID,
            eventName: eventName,
            eventVersion: eventVersion,
            keys: keys,
            newImage: nil,
            oldImage: oldImage,
            sequenceNumber: sequenceNumber,
            approximateCreationMilliseconds: approximateCreationMilliseconds,
            userIdentity: userIdentity
        )
    }
}
