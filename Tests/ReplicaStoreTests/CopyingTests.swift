import ReplicaStore
import TableModel
import Testing

/// Contents that are copied from another replica, record by record.
@Suite struct CopyingTests {
    /// Copies every newest state of `snapshot` whose seq is greater than `seq`.
    private func copy(_ snapshot: StoreSnapshot, after seq: UInt64 = 0, into writer: GenerationWriter) -> [CopyOutcome]
    {
        var outcomes: [CopyOutcome] = []
        snapshot.forEachChange(after: seq) { record in
            outcomes.append(copy(record, into: writer))
            return true
        }
        return outcomes
    }

    private func copy(_ record: ItemRecord, seq: UInt64? = nil, into writer: GenerationWriter) -> CopyOutcome {
        record.withKeyBytes { key in
            record.withPackedItem { item in
                writer.copy(
                    StoredRecord(
                        seq: seq ?? record.seq,
                        at: record.at,
                        cause: record.cause,
                        version: record.version.flatMap(SequenceNumber.init),
                        key: key,
                        item: record.isTombstone ? nil : item
                    )
                )
            }
        }
    }

    private func source(_ puts: Int) throws -> GenerationWriter {
        let writer = try GenerationWriterTests.writer()
        writer.endBootstrap()
        for number in 1...puts {
            #expect(writer.apply(try GenerationWriterTests.put("k\(number % 5)", number, version: "\(number)")))
        }
        return writer
    }

    @Test("a copy has the records, the seqs, the position, the digest and the horizon of its source")
    func equal() throws {
        let source = try source(23)
        #expect(source.apply(try GenerationWriterTests.remove("k1", version: "90")))
        let before = source.snapshot()
        let writer = try GenerationWriterTests.writer()
        writer.beginCopy()
        #expect(copy(before, into: writer).allSatisfy { $0 == .applied })
        writer.settleCopy(at: before.position.seq, horizon: 3)
        let after = writer.snapshot()
        #expect(after.position.seq == before.position.seq)
        #expect((after.digest, after.itemCount) == (before.digest, before.itemCount))
        #expect((after.tombstoneCount, after.horizon) == (1, 3))
        #expect(after.isCopy && !before.isCopy)
        #expect(after.history.count == 0)
        #expect(after.history.floor == after.position.seq)
    }

    @Test("the digest depends on the items alone: it returns when they do, and differs while one does")
    func digest() throws {
        let writer = try source(10)
        let first = writer.snapshot().digest
        #expect(writer.apply(try GenerationWriterTests.put("k1", 77, version: "50")))
        let second = writer.snapshot().digest
        #expect(second != first)
        #expect(writer.apply(try GenerationWriterTests.put("k1", 6, version: "51")))
        #expect(writer.snapshot().digest == first)
        #expect(writer.apply(try GenerationWriterTests.remove("k1", version: "52")))
        #expect(writer.snapshot().digest != first)
        #expect(ContentDigest(first.description) == first)
        for text in [
            "", "0", String(repeating: "g", count: 32), String(repeating: "A", count: 32), first.description + "0",
        ] {
            #expect(ContentDigest(text) == nil)
        }
        #expect(try GenerationWriterTests.writer().snapshot().digest == ContentDigest())
    }

    @Test("steps are kept from a settled place on, and given up where seqs are skipped until the next one")
    func steps() throws {
        let source = try source(12)
        let writer = try GenerationWriterTests.writer()
        writer.beginCopy()
        _ = copy(source.snapshot(), into: writer)
        writer.settleCopy(at: 12, horizon: 0)
        for number in 13...15 {
            #expect(source.apply(try GenerationWriterTests.put("k\(number)", number, version: "\(number)")))
        }
        _ = copy(source.snapshot(), after: 12, into: writer)
        #expect(writer.snapshot().history.floor == 12)
        #expect(writer.snapshot().history.count == 3)
        #expect(writer.snapshot().history.step(14)?.new.key == source.snapshot().history.step(14)?.new.key)
        // Of two changes of one key only the newer one is told.
        for number in 16...17 {
            #expect(source.apply(try GenerationWriterTests.put("twice", number, version: "\(number)")))
        }
        _ = copy(source.snapshot(), after: 15, into: writer)
        #expect(writer.snapshot().history.count == 0)
        #expect(source.apply(try GenerationWriterTests.put("k18", 18, version: "18")))
        _ = copy(source.snapshot(), after: 17, into: writer)
        #expect(writer.snapshot().history.count == 0, "not settled yet, so an old state may be missing")
        writer.settleCopy(at: 18, horizon: 0)
        #expect(source.apply(try GenerationWriterTests.put("k19", 19, version: "19")))
        _ = copy(source.snapshot(), after: 18, into: writer)
        #expect(writer.snapshot().history.floor == 18)
        #expect(writer.snapshot().history.count == 1)
    }

    @Test("a settled place behind the newest change moves the head, and the steps begin there")
    func skipped() throws {
        let source = try source(3)
        let writer = try GenerationWriterTests.writer()
        writer.beginCopy()
        _ = copy(source.snapshot(), into: writer)
        writer.settleCopy(at: 3, horizon: 0)
        writer.settleCopy(at: 1_000, horizon: 0)
        #expect(writer.snapshot().position.seq == 1_000)
        #expect(writer.snapshot().history.floor == 1_000)
        #expect(writer.snapshot().history.count == 0)
    }

    @Test("a seq that does not rise and an older version of a key are refused, and change nothing")
    func backwards() throws {
        let source = try source(6)
        let writer = try GenerationWriterTests.writer()
        writer.beginCopy()
        _ = copy(source.snapshot(), into: writer)
        writer.settleCopy(at: 6, horizon: 0)
        let before = writer.snapshot()
        let record = try #require(before.record(for: try GenerationWriterTests.put("k1", 0, version: "1").key))
        #expect(record.version == "6")
        #expect(copy(record, seq: 6, into: writer) == .seqGoesBack)
        let older = try GenerationWriterTests.writer()
        #expect(older.apply(try GenerationWriterTests.put("k1", 5, version: "5")))
        let old = try #require(older.snapshot().record(for: record.key))
        #expect(copy(old, seq: 7, into: writer) == .versionGoesBack)
        #expect(writer.snapshot().position.seq == 6)
        #expect(writer.snapshot().digest == before.digest)
        #expect(copy(record, seq: 7, into: writer) == .applied, "the same version again: its source was restarted")
    }

    @Test("renamed contents count on by themselves, and positions of the old epoch up to there are their own")
    func renamed() throws {
        let source = try source(8)
        let writer = try GenerationWriterTests.writer()
        writer.beginCopy()
        _ = copy(source.snapshot(), into: writer)
        writer.settleCopy(at: 8, horizon: 0)
        let old = writer.epoch
        let new = Epoch.random()
        writer.rename(new)
        #expect(writer.apply(try GenerationWriterTests.put("k9", 9, version: "9")))
        let snapshot = writer.snapshot()
        #expect(snapshot.position.epoch == new)
        #expect(snapshot.position.seq == 9)
        #expect(!snapshot.isCopy)
        #expect(snapshot.own(Position(epoch: old, seq: 8)) == Position(epoch: new, seq: 8))
        #expect(snapshot.own(Position(epoch: old, seq: 9)) == Position(epoch: old, seq: 9))
        let stranger = Position(epoch: .random(), seq: 1)
        #expect(snapshot.own(stranger) == stranger)
        #expect(snapshot.continues(old, at: 8) && !snapshot.continues(old, at: 9) && snapshot.continues(new, at: 99))
        #expect(snapshot.history.count == 1)
    }
}
