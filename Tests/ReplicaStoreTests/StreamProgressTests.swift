import Basics
import TableModel
import Testing

@testable import ReplicaStore

@Suite struct StreamProgressTests {
    private static let tag = StreamTag(hash: 77)

    /// The same marks, all kept.
    private struct Model {
        var applied: [(seq: UInt64, time: Int64)] = []
        var complete: [(seq: UInt64, time: Int64)] = []

        func low(at seq: UInt64) -> Int64? { complete.lazy.filter { $0.seq <= seq }.map(\.time).max() }
        func high(at seq: UInt64) -> Int64? { applied.lazy.filter { $0.seq <= seq }.map(\.time).max() }
        func lastSeq(notAfter time: Int64, head: UInt64) -> UInt64 {
            applied.first { $0.time > time }.map { $0.seq - 1 } ?? head
        }
    }

    @Test("what is thinned out moves readers back and never forward", arguments: 0..<6)
    func thinning(seed: Int) {
        var random = SplitMix64(seed: UInt64(seed))
        var progress = StreamProgress()
        progress.begin(stream: Self.tag, birth: nil)
        var model = Model()
        var time: Int64 = 1_000_000
        var head: UInt64 = 0
        for _ in 0..<9_000 {
            time += Int64.random(in: 0...2_000, using: &random)
            if Int.random(in: 0..<3, using: &random) > 0 {
                head += 1
                let at = time - Int64.random(in: 0...3_000, using: &random)
                progress.applied(at, at: head)
                model.applied.append((head, at))
            } else {
                progress.completed(time - 5_000, at: head)
                model.complete.append((head, time - 5_000))
            }
        }
        for _ in 0..<60 {
            let seq = UInt64.random(in: 1...head, using: &random)
            let (low, wholeLow) = (progress.low(at: seq), model.low(at: seq))
            #expect(low ?? .min <= wholeLow ?? .min)
            #expect(progress.high(at: seq) ?? .min >= model.high(at: seq) ?? .min)
            let moment = Int64.random(in: 1_000_000...time, using: &random)
            #expect(
                progress.lastSeq(notAfter: moment, head: head) <= model.lastSeq(notAfter: moment, head: head)
            )
        }
        // The newest marks are whole: positions at the head are exact.
        #expect(progress.low(at: head) == model.low(at: head))
        #expect(progress.high(at: head) == model.high(at: head).map { $0 + ($0 & 1) })
        #expect(progress.lastSeq(notAfter: time, head: head) == head)
    }

    @Test("readers of other replicas begin before the first repair")
    func repairs() {
        var progress = StreamProgress()
        progress.applied(1_000, at: 5)
        progress.repaired(at: 6, time: 2_000)
        progress.repaired(at: 9, time: 3_000)
        #expect(progress.firstRepair == 6)
        #expect(progress.lastSeq(notAfter: 9_000, head: 12) == 5)
        #expect(progress.lastSeq(notAfter: 500, head: 12) == 4)
    }

    @Test("the later birth counts, and no state is older than it")
    func birth() {
        var progress = StreamProgress()
        progress.begin(stream: Self.tag, birth: 5_000)
        progress.begin(stream: nil, birth: 4_000)
        #expect(progress.birth == 5_000 && progress.stream == Self.tag)
        #expect(progress.high(at: 3) == 5_000)
        progress.applied(6_000, at: 4)
        #expect(progress.high(at: 3) == 5_000 && progress.high(at: 4) == 6_000)
    }
}

@Suite struct PlacementTests {
    private static let tag = StreamTag(hash: 77)

    /// Five keys, one written each second from 100 on, and everything known up to `low`.
    private static func writer(birth: Int64? = 50_000, low: Int64? = 104_500) throws -> GenerationWriter {
        let writer = try GenerationWriterTests.writer(maximumTombstones: 1)
        writer.endBootstrap()
        writer.follow(tag, since: birth)
        for number in 0..<5 {
            let change = Change(
                key: try GenerationWriterTests.key("k\(number)"),
                outcome: .put(GenerationWriterTests.item("k\(number)", number)),
                version: SequenceNumber(String(number + 1)),
                at: 100_000 + Int64(number) * 1_000,
                cause: .stream
            )
            #expect(writer.apply(change))
        }
        if let low { writer.completed(low) }
        return writer
    }

    private static func position(low: Int64, high: Int64, stream: StreamTag = tag) throws -> Position {
        Position(
            epoch: try #require(Epoch("bbbbbbbbbbbb")),
            seq: 900,
            watermarks: Watermarks(stream: stream, low: low, high: high)
        )
    }

    @Test("a reader begins before the first record that it can lack")
    func places() throws {
        let snapshot = try Self.writer().snapshot()
        // Records up to 102000 - 1000 have the seqs 1 and 2.
        let position = try Self.position(low: 102_000, high: 103_000)
        #expect(snapshot.placement(of: position, overlap: 1_000) == .after(2, seen: 5))
        #expect(snapshot.placement(of: position, overlap: 0) == .after(3, seen: 5))
        #expect(snapshot.placement(of: position, overlap: 40_000) == .after(0, seen: 5))
    }

    @Test("a reader waits until everything up to its newest state is known to be here")
    func waits() throws {
        let writer = try Self.writer()
        let position = try Self.position(low: 102_000, high: 104_501)
        #expect(writer.snapshot().placement(of: position, overlap: 1_000) == .behind)
        writer.completed(104_501)
        #expect(writer.snapshot().placement(of: position, overlap: 1_000) == .after(2, seen: 5))
        let silent = try Self.writer(low: nil).snapshot()
        #expect(silent.placement(of: position, overlap: 1_000) == .behind)
    }

    @Test("what cannot be placed says why")
    func obstacles() throws {
        let writer = try Self.writer()
        let snapshot = writer.snapshot()
        let other = try Self.position(low: 102_000, high: 103_000, stream: StreamTag(hash: 78))
        #expect(snapshot.placement(of: other, overlap: 0) == .impossible(.otherStream))
        let old = try Self.position(low: 50_500, high: 103_000)
        #expect(snapshot.placement(of: old, overlap: 501) == .impossible(.younger))
        #expect(snapshot.placement(of: old, overlap: 500) == .after(0, seen: 5))
        let bare = Position(epoch: old.epoch, seq: 3)
        #expect(snapshot.placement(of: bare, overlap: 0) == .impossible(.unknownTimes))
        let unborn = try Self.writer(birth: nil).snapshot()
        #expect(unborn.placement(of: old, overlap: 0) == .impossible(.unknownTimes))
        for key in ["k0", "k1"] { #expect(writer.apply(try GenerationWriterTests.remove(key, version: "100"))) }
        #expect(writer.snapshot().horizon == 6)
        #expect(writer.snapshot().placement(of: old, overlap: 0) == .impossible(.forgotten))
    }

    @Test("an empty state that was restored with a time places readers at its beginning")
    func restoredEmpty() throws {
        let writer = try GenerationWriterTests.writer()
        #expect(writer.endRestoring(seq: 0, horizon: 0, times: StreamTimes(birth: 1_000, low: 9_000, high: 9_000)))
        writer.follow(Self.tag, since: nil)
        let position = try Self.position(low: 8_000, high: 9_000)
        #expect(writer.snapshot().placement(of: position, overlap: 0) == .after(0, seen: 0))
    }

    @Test("a reader that was cut off on its way keeps the newest time that it may hold")
    func foreignHigh() throws {
        let snapshot = try Self.writer().snapshot()
        let cut = snapshot.position(at: 2, readsIndex: true, holding: 104_200)
        #expect(cut.watermarks?.high == 104_201 && cut.seq == 2)
        #expect(snapshot.foreignHigh(of: cut) == 104_200)
        #expect(snapshot.foreignHigh(of: snapshot.position(at: 2, readsIndex: false)) == nil)
        #expect(snapshot.position(at: 5, readsIndex: true, holding: 104_000).watermarks?.high == 104_001)
        // However often it is cut off.
        let again = snapshot.position(at: 2, readsIndex: true, holding: 104_201)
        #expect(again == cut)
        #expect(snapshot.reaches(104_500) && !snapshot.reaches(104_501))
    }

    @Test("a reader of the index that has not come to the head bears the time of the head")
    func readerOfTheIndex() throws {
        let writer = try Self.writer()
        let later = Change(
            key: try GenerationWriterTests.key("k0"),
            outcome: .remove,
            version: SequenceNumber("9"),
            at: 106_000,
            cause: .stream
        )
        #expect(writer.apply(later))
        let snapshot = writer.snapshot()
        // What superseded its state of k0 has moved on to the head, and another replica must have it.
        #expect(snapshot.position(at: 5).watermarks == Watermarks(stream: Self.tag, low: 104_500, high: 106_000))
        // A reader of every step is given that step after those before it.
        #expect(snapshot.position(at: 5, readsIndex: false).watermarks?.high == 104_000)
    }
}
