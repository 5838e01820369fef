import Basics
import TableModel
import TestTools
import Testing

@testable import ReplicaStore

@Suite struct ChangeHistoryTests {
    private typealias Base = GenerationWriterTests

    private func writer(historyBytes: Int = 1 << 20, isLive: Bool = true) throws -> GenerationWriter {
        var limits = StoreLimits()
        limits.historyBytes = historyBytes
        limits.nodeCapacity = 4
        let writer = GenerationWriter(epoch: try #require(Epoch("aaaaaaaa")), keySchema: Base.schema, limits: limits)
        if isLive { writer.endBootstrap() }
        return writer
    }

    /// `id:value` of a state; `id:-` for a removal.
    private func text(_ record: ItemRecord?) -> String? {
        record.map { record in
            guard case .string(let id)? = try? record.key.attributes(schema: Base.schema)["id"] else { return "?" }
            guard !record.isTombstone else { return "\(id):-" }
            let value = record.withPackedItem { Item(packed: [UInt8]($0)) }["value"]
            guard case .number(let digits) = value else { return "?" }
            return "\(id):\(digits)"
        }
    }

    private func texts(_ history: ChangeHistory, after seq: UInt64 = 0) -> [String] {
        var texts: [String] = []
        history.forEachStep(after: seq) { step in
            texts.append("\(step.new.seq) \(text(step.old) ?? "nothing") -> \(text(step.new) ?? "?")")
            return true
        }
        return texts
    }

    @Test("a step holds the state that a change found and the one it left")
    func steps() throws {
        let writer = try writer()
        _ = writer.apply(try Base.put("a", 1))
        _ = writer.apply(try Base.put("a", 2))
        _ = writer.apply(try Base.remove("a"))
        _ = writer.apply(try Base.put("a", 3))
        let history = writer.snapshot().history
        #expect(texts(history) == ["1 nothing -> a:1", "2 a:1 -> a:2", "3 a:2 -> a:-", "4 a:- -> a:3"])
        #expect(texts(history, after: 2) == ["3 a:2 -> a:-", "4 a:- -> a:3"])
        #expect(history.floor == 0)
        #expect(history.head == 4)
        #expect(text(history.step(2)?.old) == "a:1")
        #expect(history.step(0) == nil)
        #expect(history.step(5) == nil)
    }

    @Test("what happened before the generation was published is no step, and a replay is none")
    func beginsWhenLive() throws {
        let writer = try writer(isLive: false)
        _ = writer.applyScanRows(try Base.batch([("a", 1), ("b", 1)]), at: 5)
        _ = writer.apply(try Base.put("a", 2, version: "7"))
        writer.endBootstrap()
        #expect(writer.snapshot().history.floor == 3)
        #expect(writer.snapshot().history.count == 0)
        #expect(!writer.apply(try Base.put("a", 2, version: "7")))
        _ = writer.apply(try Base.put("b", 2, version: "8"))
        let history = writer.snapshot().history
        #expect(texts(history) == ["4 b:1 -> b:2"])
        #expect(history.floor == 3)
        #expect(history.origin == 3)
    }

    @Test("a repair is a step")
    func repair() throws {
        let writer = try writer()
        _ = writer.apply(try Base.put("a", 1, version: "7"))
        writer.repair(try Base.key("a"), .remove, at: 9)
        #expect(texts(writer.snapshot().history) == ["1 nothing -> a:1", "2 a:1 -> a:-"])
    }

    @Test("a generation that was restored has no origin: changes before it are lost as steps")
    func restored() throws {
        let writer = try writer(isLive: false)
        #expect(writer.endRestoring(seq: 40, horizon: 0))
        writer.endBootstrap()
        _ = writer.apply(try Base.put("a", 1))
        let history = writer.snapshot().history
        #expect(history.floor == 40)
        #expect(history.origin == nil)
    }

    @Test("keeps nothing when its bound is 0")
    func off() throws {
        let writer = try writer(historyBytes: 0)
        _ = writer.apply(try Base.put("a", 1))
        let history = writer.snapshot().history
        #expect(history.floor == 1)
        #expect(history.head == 1)
        #expect(history.limit == 0)
        #expect(texts(history).isEmpty)
    }

    @Test("keeps the newest steps within its bytes, without a gap, and a snapshot keeps its own", arguments: 0..<6)
    func bounded(seed: Int) throws {
        var random = SplitMix64(seed: UInt64(seed))
        let limit = [0, 2_000, 20_000, 60_000, 400_000, 4_000_000][seed]
        let writer = try writer(historyBytes: limit)
        var model: [String] = []
        var states: [String: String] = [:]
        var kept: [(snapshot: StoreSnapshot, count: Int)] = []
        for value in 1...6_000 {
            let id = "key\(Int.random(in: 0..<40, using: &random))"
            let isRemoval = Int.random(in: 0..<4, using: &random) == 0
            _ = writer.apply(isRemoval ? try Base.remove(id) : try Base.put(id, value))
            let after = isRemoval ? "\(id):-" : "\(id):\(value)"
            model.append("\(value) \(states[id] ?? "nothing") -> \(after)")
            states[id] = after
            if Int.random(in: 0..<300, using: &random) == 0 {
                let snapshot = writer.snapshot()
                if kept.count < 3 { kept.append((snapshot, value)) }
                let history = snapshot.history
                #expect(texts(history) == Array(model[Int(history.floor)...]))
                #expect(history.bytes <= limit)
                if limit >= 4_000_000 { #expect(history.floor == 0) }
            }
        }
        for (snapshot, count) in kept {
            #expect(texts(snapshot.history) == Array(model[Int(snapshot.history.floor)..<count]))
        }
    }

    @Test("an item larger than the bound is kept as the newest step alone")
    func largeItems() throws {
        let writer = try writer(historyBytes: 10)
        for value in 1...5 { _ = writer.apply(try Base.put("a", value)) }
        #expect(texts(writer.snapshot().history) == ["5 a:4 -> a:5"])
    }

    @Test("its steps are freed with the last snapshot that sees them")
    func freed() throws {
        weak var storage: RecordStorage?
        let writer = try writer(historyBytes: 10)
        _ = writer.apply(try Base.put("a", 1))
        var snapshot: StoreSnapshot? = writer.snapshot()
        storage = snapshot?.history.step(1)?.new.storage
        #expect(storage != nil)
        for value in 2...5 { _ = writer.apply(try Base.put("a", value)) }
        #expect(storage != nil)
        snapshot = nil
        #expect(storage == nil)
    }
}
