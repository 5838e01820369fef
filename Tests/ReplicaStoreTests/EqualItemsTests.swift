import Basics
import TableModel
import TestTools
import Testing

@testable import ReplicaStore

/// Puts that leave an item equal, where they are no changes: replicas that ignore attributes.
@Suite struct EqualItemsTests {
    private typealias Support = GenerationWriterTests

    private func writer() throws -> GenerationWriter {
        let writer = try Support.writer()
        writer.skipEqualItems()
        writer.endBootstrap()
        return writer
    }

    @Test("an equal put gets no seq and no step, and its version counts")
    func equal() throws {
        let writer = try writer()
        #expect(writer.apply(try Support.put("a", 1, version: "10")))
        let before = writer.snapshot()
        #expect(writer.apply(try Support.put("a", 1, version: "20")))
        let after = writer.snapshot()
        #expect(after.position == before.position && after.history.count == before.history.count)
        #expect(after.itemCount == 1 && after.itemBytes == before.itemBytes)
        let key = try Support.key("a")
        #expect(before.record(for: key)?.version == "10" && after.record(for: key)?.version == "20")
        #expect(after.record(for: key)?.seq == 1 && after.record(for: key)?.at == before.record(for: key)?.at)
        // Older than the one that was skipped: a replay, although its item differs.
        #expect(!writer.apply(try Support.put("a", 2, version: "15")))
        #expect(!writer.apply(try Support.put("a", 1, version: "20")))
        #expect(!writer.apply(try Support.remove("a", version: "19")))
        #expect(try Support.value("a", writer.snapshot()) == 1)
    }

    @Test("another item, a removal and a return are changes as ever")
    func different() throws {
        let writer = try writer()
        #expect(writer.apply(try Support.put("a", 1, version: "1")))
        #expect(writer.apply(try Support.put("a", 2, version: "2")))
        #expect(writer.apply(try Support.remove("a", version: "3")))
        #expect(writer.apply(try Support.put("a", 2, version: "4")))
        #expect(writer.seq == 4)
        let key = try Support.key("a")
        writer.repair(key, .unreadable, at: 1)
        #expect(writer.apply(try Support.put("a", 2, version: "5")))
        #expect(writer.seq == 6)
    }

    @Test("during a scan an equal put is a change, so that its row does not come after it")
    func scan() throws {
        let writer = try Support.writer()
        writer.skipEqualItems()
        #expect(writer.applyScanRows(try Support.batch([("a", 1)]), at: 5) == 1)
        #expect(writer.apply(try Support.put("a", 1, version: "1")))
        #expect(writer.seq == 2)
        #expect(writer.applyScanRows(try Support.batch([("a", 0)]), at: 6) == 0)
        writer.endBootstrap()
        #expect(writer.apply(try Support.put("a", 1, version: "2")) && writer.seq == 2)
    }

    @Test("without the choice an equal put is a change")
    func otherwise() throws {
        let writer = try Support.writer()
        writer.endBootstrap()
        #expect(writer.apply(try Support.put("a", 1, version: "1")))
        #expect(writer.apply(try Support.put("a", 1, version: "2")))
        #expect(writer.seq == 2)
    }

    @Test("random changes: the contents are those without the choice, and every seq is a real change", arguments: 0..<6)
    func random(seed: Int) throws {
        var random = SplitMix64(seed: UInt64(seed))
        let (chosen, plain) = (try writer(), try Support.writer(maximumTombstones: 100))
        plain.endBootstrap()
        var state: [String: Int] = [:]
        var changes = 0
        var kept: [(StoreSnapshot, [String: Int])] = []
        for version in 1...3_000 {
            let id = "k\(Int.random(in: 0..<40, using: &random))"
            let value = Int.random(in: 0..<10, using: &random)
            let change =
                value == 0
                ? try Support.remove(id, version: "\(version)") : try Support.put(id, value % 2, version: "\(version)")
            let next = value == 0 ? nil : value % 2
            if next == nil || state[id] != next { changes += 1 }
            state[id] = next
            #expect(chosen.apply(change) && plain.apply(change))
            if version % 300 == 0 { kept.append((chosen.snapshot(), state)) }
        }
        #expect(chosen.seq == UInt64(changes) && plain.seq == 3_000)
        let snapshot = chosen.snapshot()
        #expect(snapshot.items == plain.snapshot().items)
        #expect(snapshot.itemBytes == plain.snapshot().itemBytes)
        var seqs: [UInt64] = []
        snapshot.forEachChange(after: 0) { record in
            seqs.append(record.seq)
            return true
        }
        #expect(seqs == seqs.sorted() && Set(seqs).count == seqs.count)
        #expect(seqs.count == snapshot.itemCount + snapshot.tombstoneCount)
        for (old, state) in kept {
            for (id, value) in state { #expect(try Support.value(id, old) == value) }
            #expect(old.itemCount == state.count)
        }
    }
}
