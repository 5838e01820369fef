import ReplicaStore
import TableModel
import Testing

/// Keys under which the table has an item that cannot be read: no item, and no removal.
@Suite struct UnreadableRecordTests {
    private func unreadable(_ id: String, version: String? = nil) throws -> Change {
        Change(
            key: try GenerationWriterTests.key(id),
            outcome: .unreadable,
            version: version.flatMap(SequenceNumber.init),
            at: 1_000,
            cause: .unreadable
        )
    }

    private func state(_ id: String, _ snapshot: StoreSnapshot) throws -> String {
        guard let state = snapshot.newestState(of: try GenerationWriterTests.key(id)) else { return "unknown" }
        return state.isUnreadable ? "unreadable" : state.isTombstone ? "removed" : "item"
    }

    @Test("it takes the item's place, is counted apart, and gives way to what can be read, or to a removal")
    func replaces() throws {
        let writer = try GenerationWriterTests.writer()
        writer.endBootstrap()
        for (number, id) in ["a", "b", "c"].enumerated() {
            #expect(writer.apply(try GenerationWriterTests.put(id, 1, version: "10\(number)")))
            #expect(writer.apply(try unreadable(id, version: "20\(number)")))
        }
        var snapshot = writer.snapshot()
        #expect(snapshot.record(for: try GenerationWriterTests.key("a")) == nil)
        #expect(try state("a", snapshot) == "unreadable")
        #expect((snapshot.itemCount, snapshot.itemBytes) == (0, 0))
        #expect((snapshot.unreadableCount, snapshot.tombstoneCount) == (3, 0))
        #expect(!writer.apply(try GenerationWriterTests.put("a", 2, version: "150")), "a replay stays one")
        #expect(writer.apply(try GenerationWriterTests.put("a", 3, version: "300")))
        #expect(writer.apply(try GenerationWriterTests.remove("b", version: "301")))
        snapshot = writer.snapshot()
        #expect(try ["a", "b", "c"].map { try state($0, snapshot) } == ["item", "removed", "unreadable"])
        #expect((snapshot.itemCount, snapshot.unreadableCount, snapshot.tombstoneCount) == (1, 1, 1))
    }

    @Test("it is never forgotten as removals are")
    func outlivesTombstones() throws {
        let writer = try GenerationWriterTests.writer(maximumTombstones: 2)
        writer.endBootstrap()
        #expect(writer.apply(try unreadable("odd")))
        for number in 0..<3_000 {
            #expect(writer.apply(try GenerationWriterTests.put("k\(number % 7)", number)))
            #expect(writer.apply(try GenerationWriterTests.remove("k\(number % 7)")))
        }
        let snapshot = writer.snapshot()
        #expect(snapshot.tombstoneCount == 2)
        #expect(snapshot.unreadableCount == 1)
        #expect(try state("odd", snapshot) == "unreadable")
        var seen: [Bool] = []
        snapshot.forEachChange(after: 0) {
            seen.append($0.isUnreadable)
            return true
        }
        #expect(seen == [true, false, false])
    }

    @Test("a scan row that cannot be read is taken where the stream has not touched the key")
    func scanRows() throws {
        let writer = try GenerationWriterTests.writer()
        #expect(writer.apply(try GenerationWriterTests.put("put", 1, version: "5")))
        #expect(writer.apply(try GenerationWriterTests.remove("removed", version: "6")))
        for (id, isTaken) in [("put", false), ("removed", false), ("new", true)] {
            #expect(writer.applyUnreadableRow(try GenerationWriterTests.key(id), at: 7) == isTaken)
        }
        #expect(writer.applyScanRows(try GenerationWriterTests.batch([("new", 1)]), at: 8) == 0)
        #expect(writer.apply(try GenerationWriterTests.put("new", 2, version: "7")))
        #expect(writer.snapshot().unreadableCount == 0)
    }

    @Test("a comparison with the table can make an item unreadable, and readable again")
    func repair() throws {
        let writer = try GenerationWriterTests.writer()
        writer.endBootstrap()
        let key = try GenerationWriterTests.key("a")
        #expect(writer.apply(try GenerationWriterTests.put("a", 1, version: "5")))
        writer.repair(key, .unreadable, at: 9)
        #expect(writer.snapshot().newestState(of: key)?.cause == .unreadable)
        #expect(try state("a", writer.snapshot()) == "unreadable")
        writer.repair(key, .put(GenerationWriterTests.item("a", 2)), at: 10)
        #expect(writer.snapshot().newestState(of: key)?.cause == .repair)
        #expect(try GenerationWriterTests.value("a", writer.snapshot()) == 2)
    }

    @Test("a walk with tombstones meets it, and one without does not")
    func walk() throws {
        let writer = try GenerationWriterTests.writer()
        #expect(writer.apply(try GenerationWriterTests.put("a", 1)))
        #expect(writer.apply(try unreadable("b")))
        func keys(_ includingTombstones: Bool) -> Int {
            var count = 0
            writer.snapshot().forEach(from: nil, to: nil, includingTombstones: includingTombstones) { _ in
                count += 1
                return true
            }
            return count
        }
        #expect(keys(false) == 1)
        #expect(keys(true) == 2)
    }
}
