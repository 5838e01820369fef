import Basics
import DynamoDBClient
import StateStore
import StreamModel
import Synchronization
import TableModel
import Testing

@testable import Replication

/// A table and one page of a stream, as the completion of images sees them.
private final class ScriptedEndpoint: DynamoDBAPI, DynamoDBStreamsAPI {
    struct State {
        var items: [String: String] = [:]
        var pages: [[StreamRecord]] = []
        /// Keys asked for, by call.
        var fetched: [[String]] = []
        var faults: [DynamoDBError] = []
        /// Keys that the next calls leave unprocessed.
        var unprocessed: [Set<String>] = []
        var serviceTime: ServiceTime?
    }

    let state = Mutex(State())

    /// What the service's clock shows; nil when it does not tell.
    var serviceTime: ServiceTime? { state.withLock { $0.serviceTime } }

    func change(_ body: (inout State) -> Void) { state.withLock { body(&$0) } }
    var fetched: [[String]] { state.withLock { $0.fetched } }

    func batchGetItem(table: String, keys: [[AttributeName: AttributeValue]]) async throws(DynamoDBError)
        -> BatchGetPage
    {
        try state.withLock { (state) throws(DynamoDBError) in
            let ids = keys.compactMap { if case .string(let id) = $0["id"] { id } else { nil } }
            state.fetched.append(ids.sorted())
            if !state.faults.isEmpty { throw state.faults.removeFirst() }
            let left = state.unprocessed.isEmpty ? [] : state.unprocessed.removeFirst()
            let items = ids.filter { !left.contains($0) }.compactMap { id in
                state.items[id].map { Item(["id": .string(id), "value": .string($0)]) }
            }
            return BatchGetPage(
                items: items,
                unprocessedKeys: ids.filter { left.contains($0) }.map { ["id": .string($0)] }
            )
        }
    }

    func getRecords(iterator: String, shardID: String, limit: Int) async throws(DynamoDBError) -> RecordsPage {
        state.withLock { RecordsPage(records: $0.pages.removeFirst(), nextIterator: "next") }
    }

    func describeTable(_ name: String) async throws(DynamoDBError) -> TableDescription {
        throw StreamModel.error(.fatal)
    }
    func scan(_ request: ScanRequest) async throws(DynamoDBError) -> ScanPage { throw StreamModel.error(.fatal) }
    func describeStream(
        _ streamARN: String,
        exclusiveStartShardID: String?,
        childrenOf: String?
    ) async throws(DynamoDBError) -> StreamPage { throw StreamModel.error(.fatal) }
    func getShardIterator(
        _ streamARN: String,
        shardID: String,
        start: IteratorStart
    ) async throws(DynamoDBError) -> String? { throw StreamModel.error(.fatal) }
}

@Suite struct ImageCompletionTests {
    private let endpoint = ScriptedEndpoint()

    /// What the wall clock of these tests shows, and the model's records are stamped with.
    private static let now = StreamModel().wallMilliseconds

    private func completion(
        _ viewType: StreamViewType?,
        maximumKeys: Int = 100,
        ahead: KeysAhead = KeysAhead(),
        unknown: @escaping @Sendable (String, String) -> Void = { _, _ in }
    ) -> ImageCompletion {
        var limits = ReplicationLimits()
        limits.maximumFetchedKeys = maximumKeys
        limits.keysPerFetch = 2
        limits.fetchAttempts = 3
        let time = TimeSource(continuous: { .zero }, wallMilliseconds: { Self.now }, sleep: { _ in }, random: { 0.5 })
        let fetch = ItemFetch(
            api: endpoint,
            table: "demo",
            schema: FakeEndpoint.schema,
            limits: limits,
            time: time
        )
        return ImageCompletion(
            endpoint,
            fetch: fetch,
            viewType: viewType,
            ahead: ahead,
            unknown: UnknownRecords(unknown)
        )
    }

    private func key(_ id: String) throws -> ItemKey {
        try ItemKey(partition: .string(id), schema: FakeEndpoint.schema)
    }

    private func record(
        _ number: UInt64,
        _ key: String,
        _ name: RecordEventName,
        image: String? = nil,
        identity: UserIdentity? = nil,
        at moment: Duration = .zero
    ) -> StreamRecord {
        var model = StreamModel()
        model.now = moment
        model.lastSequence = number
        return model.record(key, image, name: name, identity: identity)
    }

    /// What a page says: key, what becomes of it, and the record's number.
    private func read(_ images: ImageCompletion, _ records: [StreamRecord]) async throws -> [String] {
        endpoint.change { $0.pages = [records] }
        let page = try await images.getRecords(iterator: "i", shardID: "A", limit: 1_000)
        return page.records.map { record in
            var key = "?"
            var value = "-"
            if case .string(let id) = record.keys["id"] { key = id }
            if case .string(let text) = record.newImage?["value"] { value = text }
            return "\(key)=\(record.eventName == .remove ? "removed" : value)@\(record.sequenceNumber.text.suffix(2))"
        }
    }

    @Test(
        "reads each key of a page once, and delivers its last record alone",
        arguments: [nil, StreamViewType.keysOnly, .oldImage]
    )
    func collapse(_ viewType: StreamViewType?) async throws {
        endpoint.change { $0.items = ["a": "9", "c": "5"] }
        let records = [
            record(11, "a", .insert), record(12, "b", .insert), record(13, "a", .modify), record(14, "b", .remove),
            record(15, "c", .modify),
        ]
        #expect(try await read(completion(viewType), records) == ["a=9@13", "b=removed@14", "c=5@15"])
        #expect(endpoint.fetched.flatMap { $0 }.sorted() == ["a", "b", "c"])
        #expect(endpoint.fetched.allSatisfy { $0.count <= 2 })
    }

    @Test("takes the table's word over the record's: gone or back again since then")
    func tableWins() async throws {
        endpoint.change { $0.items = ["back": "new"] }
        let service = UserIdentity(type: "Service", principalID: "dynamodb.amazonaws.com")
        let images = completion(.keysOnly)
        let said = try await read(
            images,
            [record(11, "gone", .modify), record(12, "back", .remove, identity: service)]
        )
        #expect(said == ["gone=removed@11", "back=new@12"])
        endpoint.change { $0.pages = [[self.record(13, "ttl", .remove, identity: service)]] }
        let page = try await images.getRecords(iterator: "i", shardID: "A", limit: 1_000)
        #expect(page.records.first?.userIdentity?.isTimeToLive == true)
    }

    @Test("uses images that are there, and reads nothing")
    func images() async throws {
        let records = [record(11, "a", .insert, image: "1"), record(12, "a", .remove)]
        for viewType in [StreamViewType.newImage, .newAndOldImages] {
            #expect(try await read(completion(viewType), records) == ["a=1@11", "a=removed@12"])
        }
        #expect(endpoint.fetched.isEmpty)
    }

    @Test("a key that was read once is read for every later record, so that no older image follows a newer item")
    func neverBack() async throws {
        endpoint.change { $0.items = ["a": "7", "b": "1"] }
        let images = completion(.newAndOldImages)
        #expect(
            try await read(images, [record(11, "a", .modify), record(12, "b", .insert, image: "1")]) == [
                "a=7@11", "b=1@12",
            ]
        )
        #expect(
            try await read(images, [record(13, "a", .modify, image: "6"), record(14, "b", .modify, image: "2")]) == [
                "a=7@13", "b=2@14",
            ]
        )
        #expect(try await read(images, [record(15, "a", .remove)]) == ["a=7@15"])
        #expect(endpoint.fetched == [["a"], ["a"], ["a"]])
    }

    @Test("completes every record when it would have to remember too many keys")
    func overflow() async throws {
        let images = completion(.newImage, maximumKeys: 2)
        _ = try await read(images, [record(11, "a", .modify), record(12, "b", .modify), record(13, "c", .modify)])
        endpoint.change { $0.items = ["z": "now"] }
        #expect(try await read(images, [record(14, "z", .modify, image: "old")]) == ["z=now@14"])
    }

    @Test("watched keys are completed, and go on to be when the watch ends if one was meanwhile")
    func watch() async throws {
        endpoint.change { $0.items = ["a": "now", "b": "now"] }
        let images = completion(.newImage)
        images.watch([try key("a"), try key("b")])
        #expect(try await read(images, [record(11, "a", .modify, image: "old")]) == ["a=now@11"])
        images.unwatch()
        let later = [record(12, "a", .modify, image: "old"), record(13, "b", .modify, image: "new")]
        // What was read of a may hold more than this record says; of b nothing was read.
        #expect(try await read(images, later) == ["a=now@12", "b=new@13"])
    }

    @Test("a record that was stamped long after the read tells of a later write, so its own image is used")
    func laterWrite() async throws {
        endpoint.change {
            $0.items = ["a": "7"]
            $0.serviceTime = ServiceTime(earliest: Self.now - 500, latest: Self.now + 500)
        }
        let images = completion(.newImage)
        #expect(try await read(images, [record(11, "a", .modify)]) == ["a=7@11"])
        // 60 s of delay and half a second of doubt.
        #expect(try await read(images, [record(12, "a", .modify, image: "6", at: .seconds(60))]) == ["a=7@12"])
        let page = [record(13, "a", .modify, image: "8", at: .seconds(61)), record(14, "a", .remove, at: .seconds(61))]
        #expect(try await read(images, page) == ["a=8@13", "a=removed@14"])
        #expect(endpoint.fetched == [["a"], ["a"]])
        // In one page with an older one it is read all the same: the read may be ahead of it.
        let mixed = [record(15, "a", .modify, image: "6"), record(16, "a", .modify, image: "9", at: .seconds(99))]
        #expect(try await read(images, mixed) == ["a=7@16"])
    }

    @Test("where the service does not tell its time, a quarter of an hour more is waited")
    func ownClock() async throws {
        endpoint.change { $0.items = ["a": "7"] }
        let images = completion(.newImage)
        _ = try await read(images, [record(11, "a", .modify)])
        #expect(try await read(images, [record(12, "a", .modify, image: "6", at: .seconds(960))]) == ["a=7@12"])
        #expect(try await read(images, [record(13, "a", .modify, image: "8", at: .seconds(961))]) == ["a=8@13"])
    }

    @Test("the keys are handed over before their items are delivered, and a next process goes on with them")
    func handedOver() async throws {
        endpoint.change { $0.items = ["a": "7", "b": "2"] }
        let images = completion(.newImage)
        #expect(images.keysAhead == KeysAhead())
        endpoint.change { $0.faults = [StreamModel.error(.throttled)] }
        await #expect(throws: DynamoDBError.self) { _ = try await read(images, [record(11, "a", .modify)]) }
        let key = try key("a")
        #expect(images.keysAhead.until == [key: .max], "a read is under way")
        _ = try await read(images, [record(11, "a", .modify)])
        let saved = images.keysAhead
        #expect(saved.until == [key: Self.now + 960_000])
        let next = completion(.newImage, ahead: saved)
        #expect(try await read(next, [record(12, "a", .modify, image: "old")]) == ["a=7@12"])
        var unsettled = KeysAhead()
        unsettled.until = [key: .max, try self.key("b"): Self.now - 26 * 3_600_000]
        // What was under way is over, and what is older than the stream's records is forgotten.
        #expect(completion(.newImage, ahead: unsettled).keysAhead.until == [key: Self.now + 960_000])
        var every = KeysAhead()
        every.isEvery = true
        #expect(
            try await read(completion(.newImage, ahead: every), [record(13, "b", .modify, image: "1")]) == ["b=2@13"]
        )
    }

    @Test("keys whose records cannot come any more make room for others")
    func forgets() async throws {
        var old = KeysAhead()
        for id in ["a", "b"] { old.until[try key(id)] = Self.now - 20 * 3_600_000 }
        let images = completion(.newImage, maximumKeys: 2, ahead: old)
        #expect(images.keysAhead.until.count == 2)
        endpoint.change { $0.serviceTime = ServiceTime(earliest: Self.now, latest: Self.now + 6 * 3_600_000) }
        _ = try await read(images, [record(11, "c", .modify)])
        let left = try key("c")
        #expect(!images.keysAhead.isEvery)
        #expect(Array(images.keysAhead.until.keys) == [left])
    }

    @Test("asks again for unprocessed keys, and gives up by name when none comes")
    func unprocessed() async throws {
        endpoint.change {
            $0.items = ["a": "1", "b": "2"]
            $0.unprocessed = [["a", "b"], ["b"]]
        }
        let images = completion(.keysOnly)
        #expect(try await read(images, [record(11, "a", .insert), record(12, "b", .insert)]) == ["a=1@11", "b=2@12"])
        #expect(endpoint.fetched == [["a", "b"], ["a", "b"], ["b"]])
        endpoint.change { $0.unprocessed = Array(repeating: ["a"], count: 10) }
        let error = await #expect(throws: DynamoDBError.self) { try await read(images, [record(13, "a", .insert)]) }
        #expect(
            error?.description.contains("BatchGetItem table demo failed: UnprocessedKeys: 1 keys stayed unprocessed")
                == true,
            "\(error?.description ?? "")"
        )
        #expect(error?.kind == .throttled)
    }

    @Test("goes on with what a failed attempt has read, but reads again what has a newer record")
    func resumes() async throws {
        endpoint.change { $0.items = ["a": "1", "b": "1", "c": "1"] }
        let images = completion(.keysOnly)
        let page = [record(11, "a", .insert), record(12, "b", .insert), record(13, "c", .insert)]
        endpoint.change { $0.unprocessed = [[], ["c"], ["c"], ["c"], ["c"]] }
        await #expect(throws: DynamoDBError.self) { try await read(images, page) }
        endpoint.change {
            $0.fetched = []
            $0.unprocessed = []
            $0.items = ["a": "2", "b": "2", "c": "2"]
        }
        #expect(try await read(images, page + [record(14, "b", .modify)]) == ["a=1@11", "c=2@13", "b=2@14"])
        #expect(endpoint.fetched.flatMap { $0 }.sorted() == ["b", "c"])
    }

    @Test(
        "a table that cannot be read is no gap of the stream",
        arguments: [DynamoDBError.Kind.notFound, .fatal, .trimmed, .expiredIterator]
    )
    func noGap(_ kind: DynamoDBError.Kind) async throws {
        endpoint.change { $0.faults = [StreamModel.error(kind, "BatchGetItem", "demo")] }
        let images = completion(.keysOnly)
        let error = await #expect(throws: DynamoDBError.self) { try await read(images, [record(11, "a", .insert)]) }
        #expect(error?.kind == .transient)
        #expect(error?.code == "\(kind)")
    }

    @Test(
        "records of an unknown name or version are completed, since something has happened to their keys, and said once"
    )
    func unknown() async throws {
        let told = Mutex<[String]>([])
        let images = completion(.newAndOldImages) { kind, shardID in told.withLock { $0.append("\(kind) \(shardID)") } }
        endpoint.change { $0.items = ["a": "1", "c": "3"] }
        let page = [
            record(11, "a", .unknown("EVOLVE")), record(12, "b", .unknown("EVOLVE")),
            record(13, "c", .modify, image: "of another form").version("2.0"),
            record(14, "d", .insert, image: "4").version("1.2"),
            record(15, "e", .remove).version(""),
        ]
        #expect(
            try await read(images, page) == ["a=1@11", "b=removed@12", "c=3@13", "d=4@14", "e=removed@15"]
        )
        #expect(told.withLock { $0 } == ["EVOLVE A", "version 2.0 A"])
        _ = try await read(images, [record(16, "a", .unknown("EVOLVE"))])
        #expect(told.withLock { $0.count } == 2)
    }

    @Test("leaves records alone whose keys are not the table's")
    func passesThrough() async throws {
        let images = completion(.keysOnly)
        var foreign = record(11, "a", .unknown("EVOLVE"))
        foreign = foreign.keys(Item(["other": .string("a")]))
        endpoint.change { $0.pages = [[foreign]] }
        let page = try await images.getRecords(iterator: "i", shardID: "A", limit: 1_000)
        #expect(page.records == [foreign])
        #expect(endpoint.fetched.isEmpty)
    }
}

extension StreamRecord {
    fileprivate func version(_ version: String) -> StreamRecord { copy(version: version, keys: keys) }
    fileprivate func keys(_ keys: Item) -> StreamRecord { copy(version: eventVersion, keys: keys) }

    private func copy(version: String, keys: Item) -> StreamRecord {
        StreamRecord(
            eventID: eventID,
            eventName: eventName,
            eventVersion: version,
            keys: keys,
            newImage: newImage,
            oldImage: oldImage,
            sequenceNumber: sequenceNumber,
            approximateCreationMilliseconds: approximateCreationMilliseconds,
            userIdentity: userIdentity
        )
    }
}
