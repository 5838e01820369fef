import ReplicaStore
import TableModel
import Testing

@Suite struct RestoringTests {
    /// Enters every record of a snapshot into a new generation, in the order given.
    private func restored(
        _ snapshot: StoreSnapshot,
        into writer: GenerationWriter,
        reversed: Bool
    ) -> Bool {
        var records: [ItemRecord] = []
        snapshot.forEachChange(after: 0) {
            records.append($0)
            return true
        }
        for record in reversed ? records.reversed() : records {
            let isTaken = record.withKeyBytes { key in
                record.withPackedItem { item in
                    writer.restore(
                        StoredRecord(
                            seq: record.seq,
                            at: record.at,
                            cause: record.cause,
                            version: record.version.flatMap(SequenceNumber.init),
                            key: key,
                            item: record.isTombstone ? nil : item
                        )
                    )
                }
            }
            guard isTaken else { return false }
        }
        return true
    }

    private func seqs(_ snapshot: StoreSnapshot) -> [UInt64] {
        var seqs: [UInt64] = []
        snapshot.forEachChange(after: 0) {
            seqs.append($0.seq)
            return true
        }
        return seqs
    }

    @Test("records entered in any order give the generation that they were saved from", arguments: [false, true])
    func order(reversed: Bool) throws {
        let old = try GenerationWriterTests.writer()
        for number in 1...40 {
            #expect(old.apply(try GenerationWriterTests.put("k\(number % 15)", number, version: "\(number)")))
        }
        for number in 1...4 {
            #expect(old.apply(try GenerationWriterTests.remove("k\(number)", version: "\(100 + number)")))
        }
        let before = old.snapshot()
        let writer = try GenerationWriterTests.writer(maximumTombstones: 2)
        #expect(restored(before, into: writer, reversed: reversed))
        #expect(writer.endRestoring(seq: 1_000, horizon: 7))
        let after = writer.snapshot()
        #expect(seqs(after) == seqs(before))
        #expect(after.itemCount == before.itemCount && after.itemBytes == before.itemBytes)
        #expect(after.tombstoneCount == 4 && after.horizon == 7 && after.position.seq == 1_000)
        // The next change gets the next number, replays are known, and tombstones are pruned again from the oldest on.
        #expect(!writer.apply(try GenerationWriterTests.put("k5", 9, version: "20")))
        #expect(writer.apply(try GenerationWriterTests.put("k5", 9, version: "200")))
        #expect(writer.seq == 1_001)
        writer.endBootstrap()
        #expect(writer.snapshot().tombstoneCount == 2)
        #expect(writer.snapshot().horizon == 42)
    }

    @Test("a key or a number that comes twice, or a number above the last, is told")
    func damage() throws {
        let old = try GenerationWriterTests.writer()
        #expect(old.apply(try GenerationWriterTests.put("a", 1)))
        let snapshot = old.snapshot()
        let twice = try GenerationWriterTests.writer()
        #expect(restored(snapshot, into: twice, reversed: false))
        #expect(!restored(snapshot, into: twice, reversed: false))

        let other = try GenerationWriterTests.writer()
        #expect(other.apply(try GenerationWriterTests.put("b", 1)))
        let sameNumber = try GenerationWriterTests.writer()
        #expect(restored(snapshot, into: sameNumber, reversed: false))
        #expect(restored(other.snapshot(), into: sameNumber, reversed: false))
        #expect(!sameNumber.endRestoring(seq: 1, horizon: 0))

        let above = try GenerationWriterTests.writer()
        #expect(restored(snapshot, into: above, reversed: false))
        #expect(!above.endRestoring(seq: 0, horizon: 0))
    }
}
