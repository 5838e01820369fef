import Glibc
import ReplicaStore
import StateStore
import TableModel
import Testing

/// States that a follower of another replica saves.
@Suite struct FollowerStateTests {
    private static let identity = StateIdentity(
        tableName: "orders",
        keySchema: StateFixture.schema,
        streamARN: "arn:stream/1",
        origin: .replica
    )

    private func load(_ fixture: StateFixture) throws -> RestoredState? {
        let file = try fixture.open()
        defer { file.close() }
        return try file.load(
            expecting: .follower,
            at: StateFixture.now,
            storeLimits: StoreLimits()
        )
    }

    /// A copy with a few records.
    private func copied() throws -> StateFixture {
        let fixture = StateFixture()
        fixture.writer.beginCopy()
        for number in 0..<5 { try fixture.change("k\(number)", "old") }
        return fixture
    }

    @Test(
        "a copy has the epoch and seqs of another replica: a process that was killed, and one of a copied file, keep both"
    )
    func copy() throws {
        let fixture = try copied()
        let file = try fixture.open()
        let saved = fixture.writer.snapshot()
        try fixture.save(file, of: Self.identity)
        file.close()
        // Another file with the same bytes.
        let bytes = StateFixture.read(fixture.database)
        rename(fixture.database, fixture.database + ".old")
        StateFixture.write(bytes, to: fixture.database)
        for _ in 0..<2 {
            let restored = try #require(try load(fixture))
            let snapshot = restored.writer.snapshot()
            #expect(snapshot.isCopy && restored.newEpochReason == nil)
            #expect(snapshot.position.epoch == saved.position.epoch && snapshot.position.seq == saved.position.seq)
            #expect(same(snapshot, saved))
        }
    }

    @Test("a follower that counts alone skips the numbers that it may have told before it was killed")
    func alone() throws {
        let fixture = try copied()
        fixture.writer.rename(.random())
        let file = try fixture.open()
        try fixture.save(file, of: Self.identity)
        file.close()
        let restored = try #require(try load(fixture))
        #expect(!restored.writer.snapshot().isCopy)
        #expect(restored.writer.seq == fixture.writer.seq + StateLimits.reservedSeqs)
    }

    @Test("contents that have got another name are saved as changes to what is there, under the new name")
    func renamed() throws {
        let fixture = try copied()
        let file = try fixture.open()
        try fixture.save(file, of: Self.identity)
        fixture.writer.rename(.random())
        try fixture.change("k1", "new")
        let report = try #require(try fixture.save(file, of: Self.identity, isLast: true))
        #expect(!report.isWhole && report.records == 1)
        file.close()
        let restored = try #require(try load(fixture))
        #expect(restored.writer.epoch == fixture.writer.epoch)
        #expect(same(restored.writer.snapshot(), fixture.writer.snapshot()))
    }

    @Test("contents that are older than what is saved take its place as a whole")
    func older() throws {
        let fixture = try copied()
        let file = try fixture.open()
        try fixture.save(file, of: Self.identity)
        let older = GenerationWriter(
            epoch: fixture.writer.epoch,
            keySchema: StateFixture.schema,
            limits: StoreLimits()
        )
        older.beginCopy()
        let change = Change(
            key: try StateFixture.key("k0"),
            outcome: .put(Item(["id": .string("k0"), "pos": .number("1")])),
            version: SequenceNumber("1"),
            at: StateFixture.now,
            cause: .stream
        )
        #expect(older.apply(change))
        let report = try file.save(older.snapshot(), StateFixture.mark(), of: Self.identity, isLast: true) { false }
        #expect(report?.isWhole == true)
        file.close()
        let restored = try #require(try load(fixture))
        #expect(same(restored.writer.snapshot(), older.snapshot()))
    }

    @Test("a save that ends anywhere leaves the state that was there before, or the whole new one")
    func interrupted() throws {
        var outcomes: Set<String> = []
        for limit in stride(from: 100_000, through: 1_100_000, by: 100_000) {
            let fixture = try copied()
            let file = try fixture.open { $0.fileBytes = limit }
            let before = fixture.writer.snapshot()
            try fixture.save(file, StateFixture.mark("before"), of: Self.identity)
            for number in 0..<20 { try fixture.change("k\(number)", String(repeating: "n", count: 40_000)) }
            _ = try? fixture.save(file, StateFixture.mark("after"), of: Self.identity)
            file.close()
            let restored = try #require(try load(fixture))
            let place = String(decoding: restored.positions, as: UTF8.self)
            #expect(
                same(restored.writer.snapshot(), place == "before" ? before : fixture.writer.snapshot()),
                "\(limit)"
            )
            outcomes.insert(place)
        }
        #expect(outcomes == ["before", "after"])
    }

    @Test("a state of the other kind of replica is refused, whatever table it is of")
    func otherKind() throws {
        let fixture = try copied()
        let file = try fixture.open()
        try fixture.save(file, of: Self.identity)
        file.close()
        #expect(try fixture.rejection() == .otherOrigin(.replica))
        let other = try copied()
        let second = try other.open()
        try other.save(second)
        second.close()
        #expect(throws: StateRejection.otherOrigin(.stream)) { try load(other) }
        #expect(StateRejection.otherOrigin(.stream).kind == "other-origin")
    }
}
