import ReplicaStore
import TableModel
import Testing

@Suite struct GenerationWriterTests {
    static let schema = KeySchema(partition: KeyAttribute(name: "id", type: .string))

    static func key(_ id: String) throws -> ItemKey { try ItemKey(partition: .string(id), schema: schema) }

    static func item(_ id: String, _ value: Int) -> Item {
        Item(["id": .string(id), "value": .number(String(value))])
    }

    static func writer(maximumTombstones: Int = 100) throws -> GenerationWriter {
        var limits = StoreLimits()
        limits.maximumTombstones = maximumTombstones
        limits.nodeCapacity = 4
        return GenerationWriter(epoch: try #require(Epoch("aaaaaaaa")), keySchema: schema, limits: limits)
    }

    static func put(_ id: String, _ value: Int, version: String? = nil, cause: ChangeCause = .stream) throws -> Change {
        Change(
            key: try key(id),
            outcome: .put(item(id, value)),
            version: version.flatMap(SequenceNumber.init),
            at: 1000,
            cause: cause
        )
    }

    static func remove(_ id: String, version: String? = nil) throws -> Change {
        Change(
            key: try key(id),
            outcome: .remove,
            version: version.flatMap(SequenceNumber.init),
            at: 2000,
            cause: .stream
        )
    }

    static func batch(_ rows: [(String, Int)]) throws -> ItemBatch {
        var batch = ItemBatch()
        for (id, value) in rows {
            let start = batch.arena.count
            batch.arena += item(id, value).packed
            let end = batch.arena.count
            batch.arena += try key(id).bytes
            batch.entries.append(.init(key: end..<batch.arena.count, item: start..<end))
        }
        return batch
    }

    static func value(_ id: String, _ snapshot: StoreSnapshot) throws -> Int? {
        guard let record = snapshot.record(for: try key(id)) else { return nil }
        guard case .number(let digits) = record.withPackedItem({ Item(packed: [UInt8]($0)) })["value"] else {
            return nil
        }
        return Int(digits)
    }

    @Test("a put is readable under its key with all that came with it")
    func put() throws {
        let writer = try GenerationWriterTests.writer()
        #expect(writer.apply(try GenerationWriterTests.put("a", 1, version: "000300000000000000499659")))
        let snapshot = writer.snapshot()
        let record = try #require(snapshot.record(for: try GenerationWriterTests.key("a")))
        #expect(record.seq == 1)
        #expect(record.at == 1000)
        #expect(record.cause == .stream)
        #expect(!record.isTombstone)
        #expect(record.version == "000300000000000000499659")
        #expect(record.key == (try GenerationWriterTests.key("a")))
        #expect(try GenerationWriterTests.value("a", snapshot) == 1)
        #expect(snapshot.position.description == "aaaaaaaa.1")
        #expect(snapshot.itemCount == 1)
        let expected = GenerationWriterTests.item("a", 1).packed.count + record.key.bytes.count
        #expect(snapshot.itemBytes == expected)
    }

    @Test("a change that is not newer than its key's version is a replay, and only within the key")
    func replay() throws {
        let writer = try GenerationWriterTests.writer()
        #expect(writer.apply(try GenerationWriterTests.put("a", 1, version: "999999999999999999999")))
        #expect(!writer.apply(try GenerationWriterTests.put("a", 2, version: "999999999999999999999")))
        #expect(!writer.apply(try GenerationWriterTests.put("a", 2, version: "0999999999999999999998")))
        #expect(!writer.apply(try GenerationWriterTests.remove("a", version: "5")))
        #expect(writer.seq == 1)
        // 22 digits: above every 21-digit number, though its text sorts first.
        #expect(writer.apply(try GenerationWriterTests.put("a", 3, version: "1000000000000000000000")))
        #expect(writer.apply(try GenerationWriterTests.put("b", 4, version: "1")))
        #expect(try GenerationWriterTests.value("a", writer.snapshot()) == 3)
        #expect(writer.apply(try GenerationWriterTests.remove("a", version: "1000000000000000000001")))
        #expect(!writer.apply(try GenerationWriterTests.put("a", 5, version: "1000000000000000000000")))
        #expect(try GenerationWriterTests.value("a", writer.snapshot()) == nil)
    }

    @Test("a scan row loses against what the stream has touched, removals included, and wins over an older row")
    func scanRows() throws {
        let writer = try GenerationWriterTests.writer()
        #expect(writer.apply(try GenerationWriterTests.put("put", 1, version: "1")))
        #expect(writer.apply(try GenerationWriterTests.remove("removed", version: "2")))
        let rows = try GenerationWriterTests.batch([("put", 9), ("removed", 9), ("new", 9), ("twice", 8)])
        #expect(writer.applyScanRows(rows, at: 5) == 2)
        #expect(writer.applyScanRows(try GenerationWriterTests.batch([("twice", 9)]), at: 6) == 1)
        let snapshot = writer.snapshot()
        #expect(try GenerationWriterTests.value("put", snapshot) == 1)
        #expect(try GenerationWriterTests.value("removed", snapshot) == nil)
        #expect(try GenerationWriterTests.value("new", snapshot) == 9)
        #expect(try GenerationWriterTests.value("twice", snapshot) == 9)
        let row = try #require(snapshot.record(for: try GenerationWriterTests.key("twice")))
        #expect(row.cause == .snapshot && row.version == nil && row.at == 6)
        #expect(snapshot.itemCount == 3 && snapshot.tombstoneCount == 1)
        // And the stream wins over a row, whatever its version.
        #expect(writer.apply(try GenerationWriterTests.put("new", 10, version: "1")))
        #expect(try GenerationWriterTests.value("new", writer.snapshot()) == 10)
    }

    @Test("tombstones stay during the bootstrap, then the oldest go and the horizon rises to the newest of those")
    func pruning() throws {
        let writer = try GenerationWriterTests.writer(maximumTombstones: 3)
        for number in 1...10 {
            #expect(writer.apply(try GenerationWriterTests.remove("k\(number)", version: "\(number)")))
        }
        #expect(writer.snapshot().tombstoneCount == 10)
        #expect(writer.snapshot().horizon == 0)
        #expect(writer.apply(try GenerationWriterTests.put("k9", 1, version: "11")))
        writer.endBootstrap()
        let snapshot = writer.snapshot()
        #expect(snapshot.tombstoneCount == 3)
        // k1…k6 went; k9 is no tombstone any more; k7, k8 and k10 are kept.
        #expect(snapshot.horizon == 6)
        var seqs: [UInt64] = []
        snapshot.forEachChange(after: 0) {
            seqs.append($0.seq)
            return true
        }
        #expect(seqs == [7, 8, 10, 11])
        // A remove of an absent key is bounded too.
        for number in 1...1000 { #expect(writer.apply(try GenerationWriterTests.remove("x\(number)"))) }
        #expect(writer.snapshot().tombstoneCount == 3)
        #expect(writer.snapshot().horizon == writer.seq - 3)
        #expect(writer.snapshot().itemCount == 1)
    }

    @Test("a tombstone goes when changes that came after it are older by the age, and not by its own time alone")
    func aging() throws {
        var limits = StoreLimits()
        limits.tombstoneAge = .seconds(60)
        let writer = GenerationWriter(epoch: try #require(Epoch("aaaaaaaa")), keySchema: Self.schema, limits: limits)
        func change(_ id: String, _ outcome: Change.Outcome, at seconds: Int64) throws -> Change {
            Change(key: try Self.key(id), outcome: outcome, version: nil, at: seconds * 1000, cause: .stream)
        }
        #expect(writer.apply(try change("a", .remove, at: 1000)))
        #expect(writer.apply(try change("b", .remove, at: 1030)))
        // A late shard's: made long ago, told now.
        #expect(writer.apply(try change("c", .remove, at: 900)))
        writer.endBootstrap()
        #expect(writer.snapshot().tombstoneCount == 3)
        #expect(writer.apply(try change("d", .put(Self.item("d", 1)), at: 1060)))
        #expect(writer.snapshot().horizon == 0)
        #expect(writer.snapshot().horizonAt == nil)
        #expect(writer.apply(try change("d", .put(Self.item("d", 2)), at: 1061)))
        #expect(writer.snapshot().horizon == 1)
        #expect(writer.snapshot().horizonAt == 1_000_000)
        #expect(writer.apply(try change("d", .put(Self.item("d", 3)), at: 1091)))
        #expect(writer.snapshot().horizon == 3)
        #expect(writer.snapshot().horizonAt == 1_030_000)
        #expect(writer.snapshot().tombstoneCount == 0)
    }

    @Test("keys that come and go for ever keep one tombstone each")
    func churn() throws {
        let writer = try GenerationWriterTests.writer()
        for _ in 0..<3000 {
            #expect(writer.apply(try GenerationWriterTests.put("a", 1)))
            #expect(writer.apply(try GenerationWriterTests.remove("a")))
        }
        #expect(writer.snapshot().tombstoneCount == 1)
        #expect(writer.snapshot().itemBytes == 0)
        #expect(writer.queuedTombstones <= 1024 + 3)
    }

    @Test("a repair wins over everything, keeps the version, and lets only later records follow")
    func repair() throws {
        let writer = try Self.writer()
        writer.endBootstrap()
        #expect(writer.apply(try Self.put("a", 1, version: "5")))
        writer.repair(try Self.key("a"), .put(Self.item("a", 9)), at: 3000)
        let repaired = try #require(writer.snapshot().record(for: try Self.key("a")))
        #expect(repaired.cause == .repair)
        #expect(repaired.version == "5")
        #expect(repaired.at == 3000)
        #expect(repaired.seq == 2)
        #expect(!writer.apply(try Self.put("a", 1, version: "5")))
        #expect(!writer.apply(try Self.put("a", 0, version: "4")))
        #expect(writer.apply(try Self.put("a", 2, version: "6")))
        #expect(writer.snapshot().itemCount == 1)
    }

    @Test("a repair removes what is there, brings back what was removed, and adds what was never seen")
    func repairAbsent() throws {
        let writer = try Self.writer()
        writer.endBootstrap()
        #expect(writer.apply(try Self.put("a", 1, version: "5")))
        writer.repair(try Self.key("a"), .remove, at: 1)
        #expect(writer.snapshot().record(for: try Self.key("a")) == nil)
        let tombstone = try #require(writer.snapshot().newestState(of: try Self.key("a")))
        #expect(tombstone.isTombstone)
        #expect(tombstone.version == "5")
        #expect(!writer.apply(try Self.put("a", 1, version: "5")))
        writer.repair(try Self.key("a"), .put(Self.item("a", 2)), at: 2)
        writer.repair(try Self.key("b"), .put(Self.item("b", 1)), at: 2)
        #expect(writer.snapshot().itemCount == 2)
        #expect(writer.snapshot().tombstoneCount == 0)
        #expect(writer.apply(try Self.put("b", 2, version: "1")))
    }
}
