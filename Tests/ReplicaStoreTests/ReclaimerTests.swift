import TableModel
import Testing

@testable import ReplicaStore

@Suite struct ReclaimerTests {
    /// A record whose life can be watched.
    private func record(seq: UInt64) -> (Unmanaged<RecordStorage>, Watch) {
        let empty = UnsafeRawBufferPointer(start: nil, count: 0)
        let storage = RecordStorage.make(seq: seq, at: 0, cause: .stream, version: nil, key: empty, item: nil)
        return (Unmanaged.passRetained(storage), Watch(storage))
    }

    private final class Watch {
        private weak var storage: RecordStorage?
        init(_ storage: RecordStorage) { self.storage = storage }
        var isAlive: Bool { storage != nil }
    }

    @Test("without snapshots a record goes at once")
    func unobserved() {
        let reclaimer = Reclaimer()
        let (old, watch) = record(seq: 1)
        #expect(watch.isAlive)
        reclaimer.retire(record: old)
        #expect(!watch.isAlive)
    }

    @Test("a record goes with the last snapshot that can reach it, whichever order snapshots end in")
    func lastSnapshot() {
        for order in [[0, 1], [1, 0]] as [[UInt64]] {
            let reclaimer = Reclaimer()
            let (old, watch) = record(seq: 1)
            reclaimer.begin(stamp: 0, seq: 5)
            reclaimer.begin(stamp: 1, seq: 6)
            reclaimer.retire(record: old)
            reclaimer.end(stamp: order[0])
            #expect(watch.isAlive)
            reclaimer.end(stamp: order[1])
            #expect(!watch.isAlive)
        }
    }

    @Test("an old snapshot does not pin what came and went after it")
    func bornLater() {
        let reclaimer = Reclaimer()
        reclaimer.begin(stamp: 0, seq: 5)
        let (between, betweenWatch) = record(seq: 6)
        reclaimer.begin(stamp: 1, seq: 6)
        let (newest, newestWatch) = record(seq: 7)
        reclaimer.retire(record: newest)
        #expect(!newestWatch.isAlive)
        reclaimer.retire(record: between)
        #expect(betweenWatch.isAlive)
        reclaimer.end(stamp: 1)
        #expect(!betweenWatch.isAlive)
        reclaimer.end(stamp: 0)
    }

    @Test("a generation frees its records when its writer and its last snapshot have gone")
    func teardown() throws {
        let key = try ItemKey(partition: .string("a"), schema: GenerationWriterTests.schema)
        var writer: GenerationWriter? = try GenerationWriterTests.writer()
        #expect(writer?.apply(try GenerationWriterTests.put("a", 1)) == true)
        var snapshot = writer?.snapshot()
        let watch = try #require(snapshot?.record(for: key).map { Watch($0.storage) })
        writer = nil
        #expect(watch.isAlive)
        #expect(try GenerationWriterTests.value("a", try #require(snapshot)) == 1)
        snapshot = nil
        #expect(!watch.isAlive)
    }
}
