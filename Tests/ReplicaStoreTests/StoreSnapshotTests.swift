import Basics
import ReplicaStore
import Synchronization
import TableModel
import TestTools
import Testing

@Suite struct StoreSnapshotTests {
    /// What a snapshot must show: the newest state of each key, with its seq.
    private struct Expected {
        var values: [String: Int] = [:]
        var changes: [(seq: UInt64, id: String)] = []

        mutating func apply(_ id: String, _ value: Int?, seq: UInt64) {
            values[id] = value
            changes.removeAll { $0.id == id }
            changes.append((seq, id))
        }
    }

    private func verify(_ snapshot: StoreSnapshot, _ expected: Expected) throws {
        #expect(snapshot.itemCount == expected.values.count)
        #expect(snapshot.tombstoneCount == expected.changes.count - expected.values.count)
        var bytes = 0
        for (id, value) in expected.values {
            #expect(try GenerationWriterTests.value(id, snapshot) == value)
            bytes += try GenerationWriterTests.key(id).bytes.count + GenerationWriterTests.item(id, value).packed.count
        }
        #expect(snapshot.itemBytes == bytes)
        for after in [0, snapshot.position.seq / 2, snapshot.position.seq] {
            var seqs: [UInt64] = []
            snapshot.forEachChange(after: after) {
                seqs.append($0.seq)
                return true
            }
            #expect(seqs == expected.changes.map(\.seq).filter { $0 > after })
        }
        let keys = try expected.values.keys.map { try GenerationWriterTests.key($0) }.sorted()
        var read: [ItemKey] = []
        snapshot.forEach(from: nil, to: nil) {
            read.append($0.key)
            return true
        }
        #expect(read == keys)
    }

    @Test("kept snapshots show what was there when they were taken, whatever the writer does later")
    func immutable() throws {
        var random = SplitMix64(seed: 21)
        let writer = try GenerationWriterTests.writer(maximumTombstones: 1000)
        var expected = Expected()
        var kept: [(StoreSnapshot, Expected)] = []
        for step in 0..<2000 {
            let id = "k\(Int.random(in: 0..<150, using: &random))"
            if Int.random(in: 0..<3, using: &random) > 0 {
                #expect(writer.apply(try GenerationWriterTests.put(id, step)))
                expected.apply(id, step, seq: writer.seq)
            } else {
                #expect(writer.apply(try GenerationWriterTests.remove(id)))
                expected.apply(id, nil, seq: writer.seq)
            }
            if step % 100 == 50 { kept.append((writer.snapshot(), expected)) }
        }
        for (snapshot, expected) in kept { try verify(snapshot, expected) }
    }

    @Test("ranges honour bounds, cursors, order and an early stop, and leave tombstones out")
    func ranges() throws {
        let writer = try GenerationWriterTests.writer()
        for number in 10..<30 { #expect(writer.apply(try GenerationWriterTests.put("k\(number)", number))) }
        #expect(writer.apply(try GenerationWriterTests.remove("k15")))
        let snapshot = writer.snapshot()
        func read(
            _ lower: String?,
            _ upper: String?,
            after: String? = nil,
            _ order: ReadOrder = .ascending,
            limit: Int = 99
        ) throws -> [Int] {
            var result: [Int] = []
            func bytes(_ id: String?) throws -> [UInt8]? { try id.map { try GenerationWriterTests.key($0).bytes } }
            snapshot.forEach(from: try bytes(lower), to: try bytes(upper), after: try bytes(after), order: order) {
                guard case .string(let id) = $0.withPackedItem({ Item(packed: [UInt8]($0)) })["id"] else {
                    return false
                }
                result.append(Int(id.dropFirst()) ?? -1)
                return result.count < limit
            }
            return result
        }
        #expect(try read("k14", "k18") == [14, 16, 17])
        #expect(try read("k14", "k18", .descending) == [17, 16, 14])
        #expect(try read("k14", "k18", after: "k16") == [17])
        #expect(try read("k14", "k18", after: "k15") == [16, 17])
        #expect(try read("k14", "k18", after: "k16", .descending) == [14])
        #expect(try read(nil, "k12") == [10, 11])
        #expect(try read("k28", nil) == [28, 29])
        #expect(try read("k28", nil, .descending) == [29, 28])
        #expect(try read(nil, nil, .descending, limit: 2) == [29, 28])
        #expect(try read("k18", "k14") == [])
        #expect(try read(nil, nil).count == 19)
    }

    @Test("an empty generation reads as empty")
    func empty() throws {
        let snapshot = try GenerationWriterTests.writer().snapshot()
        #expect(snapshot.position.seq == 0 && snapshot.horizon == 0 && snapshot.itemCount == 0)
        #expect(snapshot.record(for: try GenerationWriterTests.key("a")) == nil)
        snapshot.forEach(from: nil, to: nil) { _ in
            Issue.record("there is nothing to read")
            return true
        }
    }

    @Test("readers on other threads see whole snapshots while the writer goes on")
    func concurrentReaders() async throws {
        let store = ReplicaStore()
        let last = 1500
        try await withThrowingTaskGroup(of: Int.self) { group in
            group.addTask {
                let writer = try GenerationWriterTests.writer(maximumTombstones: 20)
                writer.endBootstrap()
                var random = SplitMix64(seed: 3)
                for step in 1...last {
                    let id = "k\(Int.random(in: 0..<200, using: &random))"
                    let isPut = step == last || Int.random(in: 0..<3, using: &random) > 0
                    #expect(
                        writer.apply(
                            isPut ? try GenerationWriterTests.put(id, step) : try GenerationWriterTests.remove(id)
                        )
                    )
                    if step % 3 == 0 || step == last { store.publish(writer.snapshot()) }
                }
                return 0
            }
            for _ in 0..<2 {
                group.addTask {
                    var seen = 0
                    var kept: [StoreSnapshot] = []
                    while true {
                        // The pool may have fewer threads than there are tasks: let the writer have one.
                        await Task.yield()
                        guard let snapshot = store.snapshot else { continue }
                        try StoreSnapshotTests.checkWhole(snapshot)
                        seen += 1
                        if seen % 7 == 0 { kept.append(snapshot) }
                        if kept.count > 4 { try StoreSnapshotTests.checkWhole(kept.removeFirst()) }
                        if snapshot.position.seq == UInt64(last) { return seen }
                    }
                }
            }
            for try await _ in group {}
        }
    }

    /// Both indexes hold the same records, as many as the counts say.
    private static func checkWhole(_ snapshot: StoreSnapshot) throws {
        var live = 0
        var bytes = 0
        snapshot.forEach(from: nil, to: nil) {
            live += 1
            bytes += $0.withKeyBytes { $0.count } + $0.withPackedItem { $0.count }
            return true
        }
        var changes = 0
        var newest: UInt64 = 0
        snapshot.forEachChange(after: 0) {
            changes += 1
            #expect($0.seq > newest)
            newest = $0.seq
            return true
        }
        #expect(live == snapshot.itemCount && bytes == snapshot.itemBytes)
        #expect(changes == snapshot.itemCount + snapshot.tombstoneCount)
        #expect(newest == snapshot.position.seq)
    }

    @Test("the store hands out what was published last")
    func publish() throws {
        let store = ReplicaStore()
        #expect(store.snapshot == nil)
        let writer = try GenerationWriterTests.writer()
        store.publish(writer.snapshot())
        #expect(writer.apply(try GenerationWriterTests.put("a", 1)))
        #expect(store.snapshot?.position.seq == 0)
        store.publish(writer.snapshot())
        #expect(store.snapshot?.position.seq == 1)
    }

    @Test("the store tells its listeners after each publication and after a withdrawal")
    func listeners() throws {
        let store = ReplicaStore()
        let seen = Mutex<[UInt64?]>([])
        store.addListener { [weak store] in seen.withLock { $0.append(store?.snapshot?.position.seq) } }
        let writer = try GenerationWriterTests.writer()
        store.publish(writer.snapshot())
        #expect(writer.apply(try GenerationWriterTests.put("a", 1)))
        store.publish(writer.snapshot())
        store.withdraw()
        #expect(seen.withLock { $0 } == [0, 1, nil])
    }
}
