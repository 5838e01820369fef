import Basics
import CSQLite
import Glibc
import ReplicaStore
import StateStore
import TableModel
import Testing

@Suite struct StateRejectionTests {
    /// A fixture with a state of 60 items and some removals, closed in order.
    private func saved() throws -> StateFixture {
        let fixture = StateFixture()
        for number in 0..<60 { try fixture.change("k\(number)", "value \(number)") }
        for number in 0..<5 { try fixture.change("k\(number)", nil) }
        let file = try fixture.open()
        try fixture.save(file, isLast: true)
        file.close()
        return fixture
    }

    /// Runs SQL on the state's file, as somebody else would.
    private func tamper(_ fixture: StateFixture, _ statements: String) throws {
        var handle: OpaquePointer?
        try #require(sqlite3_open(fixture.database, &handle) == SQLITE_OK)
        defer { sqlite3_close(handle) }
        try #require(sqlite3_exec(handle, statements, nil, nil, nil) == SQLITE_OK)
    }

    @Test("an empty directory holds no state, and that is no rejection")
    func nothing() throws {
        let fixture = StateFixture()
        let found = try fixture.load() != nil
        #expect(!found)
    }

    @Test("a state of another table, key or stream is not used, and says of what it is")
    func identity() throws {
        let fixture = try saved()
        func other(
            _ table: String = "orders",
            _ schema: KeySchema = StateFixture.schema,
            _ arn: String = "arn:stream/1"
        )
            -> StateIdentity
        { StateIdentity(tableName: table, keySchema: schema, streamARN: arn) }
        #expect(try fixture.rejection(expecting: other("other")) == .otherTable("orders"))
        let numbers = KeySchema(partition: KeyAttribute(name: "id", type: .number), sort: StateFixture.schema.sort)
        #expect(try fixture.rejection(expecting: other("orders", numbers)) == .otherKeySchema)
        let hashOnly = KeySchema(partition: StateFixture.schema.partition)
        #expect(try fixture.rejection(expecting: other("orders", hashOnly)) == .otherKeySchema)
        let rejection = try #require(
            try fixture.rejection(expecting: other("orders", StateFixture.schema, "arn:stream/2"))
        )
        #expect(rejection == .otherStream("arn:stream/1"))
        #expect(rejection.description == "the state is of another stream, arn:stream/1")
        #expect(try fixture.rejection() == nil)
    }

    @Test("a state with other ignored attributes is not used: what they were is not in it")
    func ignoredAttributes() throws {
        func identity(_ text: String) throws -> StateIdentity {
            StateIdentity(
                tableName: "orders",
                keySchema: StateFixture.schema,
                streamARN: "arn:stream/1",
                ignoredAttributes: try #require(AttributePatterns(text))
            )
        }
        let plain = try saved()
        let rejection = try #require(try plain.rejection(expecting: identity("a*")))
        #expect(rejection == .otherIgnoredAttributes("") && rejection.kind == "other-ignored-attributes")
        #expect(rejection.description == "the state was saved without --ignore-attributes")
        let fixture = StateFixture()
        try fixture.change("a", "1")
        let file = try fixture.open()
        try fixture.save(file, of: identity("b, a*"), isLast: true)
        file.close()
        #expect(try fixture.rejection(expecting: identity("a*,b")) == nil)
        #expect(
            try fixture.rejection(expecting: identity("a*"))?.description
                == "the state was saved with --ignore-attributes 'a*,b'"
        )
        #expect(try fixture.rejection() == .otherIgnoredAttributes("a*,b"))
    }

    @Test("a state is used up to 23 hours after the stream was read, not later, and not from the future")
    func age() throws {
        let fixture = try saved()
        let hour: Int64 = 3_600_000
        #expect(try fixture.rejection(at: StateFixture.now + 23 * hour) == nil)
        let rejection = try #require(try fixture.rejection(at: StateFixture.now + 30 * hour))
        #expect(rejection == .tooOld(seconds: 30 * 3_600))
        #expect(rejection.description == "the stream was last read 30.0 h ago, and keeps its records for 24 h")
        #expect(try fixture.rejection(at: StateFixture.now - 60_000) == nil)
        #expect(try fixture.rejection(at: StateFixture.now - hour) == .fromTheFuture(seconds: 3_600))
    }

    @Test("a state of a newer release is not used, and kept aside when a new one is saved")
    func newerFormat() throws {
        let fixture = try saved()
        try tamper(fixture, "PRAGMA user_version = 5")
        #expect(try fixture.rejection() == .newerFormat(5))
        try fixture.save(try fixture.open())
        #expect(try fixture.rejection() == nil)
        #expect(!StateFixture.read(fixture.database + ".set-aside").isEmpty)
    }

    @Test("a file that is not ours is not used nor changed, and kept aside when it is a database")
    func foreign() throws {
        let fixture = StateFixture()
        try fixture.change("a", "1")
        StateFixture.write(Array(repeating: 0x41, count: 5_000), to: fixture.database)
        #expect(try fixture.rejection() == .foreign)
        StateFixture.write([1, 2, 3], to: fixture.database)
        #expect(try fixture.rejection() == .foreign)
        unlink(fixture.database)
        try tamper(fixture, "PRAGMA application_id = 7; CREATE TABLE mine (a); INSERT INTO mine VALUES (1)")
        let before = StateFixture.read(fixture.database)
        #expect(try fixture.rejection() == .foreign)
        #expect(StateFixture.read(fixture.database) == before)
        try fixture.save(try fixture.open())
        #expect(StateFixture.read(fixture.database + ".set-aside") == before)
        #expect(try fixture.rejection() == nil)
    }

    @Test("a state that was given up is not used, and says why; so is one whose file cannot be written to then")
    func abandoned() throws {
        let fixture = try saved()
        let file = try fixture.open()
        _ = try file.load(expecting: StateFixture.identity, at: StateFixture.now, storeLimits: StoreLimits())
        try file.abandon("records of shard s were trimmed")
        file.close()
        let rejection = try #require(try fixture.rejection())
        #expect(rejection.description == "the state was given up: records of shard s were trimmed")
    }

    @Test(
        "records that are missing, doubled, changed or misnumbered are noticed",
        arguments: [
            "DELETE FROM records WHERE id = 7", "UPDATE records SET item = x'00' WHERE id = 7",
            "UPDATE records SET item = NULL WHERE id = 7", "UPDATE records SET version = NULL WHERE id = 7",
            "UPDATE records SET key = x'0102' WHERE id = 7", "UPDATE records SET seq = seq + 1000 WHERE id = 7",
            "UPDATE records SET at = at + 1 WHERE id = 7", "UPDATE records SET checksum = checksum + 1 WHERE id = 7",
            "UPDATE records SET cause = 3 WHERE id = 7",
            "DROP INDEX records_by_key; INSERT INTO records SELECT 999, checksum, seq, at, cause, version, key, item "
                + "FROM records WHERE id = 7",
            "UPDATE state SET seq = seq + 1", "UPDATE state SET positions = x'00'", "UPDATE state SET horizon = 3",
            "UPDATE state SET stream_read_at = stream_read_at + 1", "UPDATE state SET records = records - 1",
            "UPDATE state SET is_closed = 0", "UPDATE state SET epoch = 'aaaaaaaaaaaa'",
            "UPDATE state SET file_number = 1",
        ]
    )
    func tampered(_ statements: String) throws {
        let fixture = try saved()
        try tamper(fixture, statements)
        #expect(try fixture.rejection()?.kind == "damaged")
    }

    @Test("a state without its row, or not saved to its end, is incomplete")
    func incomplete() throws {
        let fixture = try saved()
        try tamper(fixture, "DELETE FROM state")
        #expect(try fixture.rejection() == .incomplete)
    }

    @Test("bytes flipped anywhere, or an end cut off, never give a state that was not saved")
    func corruption() throws {
        let fixture = try saved()
        let good = StateFixture.read(fixture.database)
        let expected = contents(fixture.writer.snapshot())
        var generator = SplitMix64(seed: 20)
        var rejected = 0
        for round in 0..<100 {
            var bytes = good
            if round % 10 == 0 {
                bytes.removeLast(Int.random(in: 1..<bytes.count, using: &generator))
            } else {
                for _ in 0..<Int.random(in: 1...3, using: &generator) {
                    bytes[Int.random(in: 0..<bytes.count, using: &generator)] ^= UInt8.random(
                        in: 1...255,
                        using: &generator
                    )
                }
            }
            StateFixture.write(bytes, to: fixture.database)
            unlink(fixture.database + "-wal")
            do {
                // A byte that nothing refers to may change: then the state is what it was.
                guard let state = try fixture.load() else { continue }
                #expect(contents(state.writer.snapshot()) == expected, "round \(round)")
            } catch is StateRejection { rejected += 1 }
        }
        // The ten that were cut off, and some of the flipped ones: which of those hit something depends on the file's layout.
        #expect(rejected > 15)
        // Whatever was there, a new one can be saved.
        try fixture.save(try fixture.open())
        #expect(try fixture.rejection() == nil)
    }

    @Test("a file copied at any moment of a save, as a kill would leave it, is a state that was")
    func halfWritten() throws {
        let fixture = StateFixture()
        let file = try fixture.open { $0.recordsPerTransaction = 5 }
        let other = StateFixture()
        func take() throws -> RestoredState? {
            for suffix in ["", "-wal"] {
                unlink(other.database + suffix)
                let bytes = StateFixture.read(fixture.database + suffix)
                if !bytes.isEmpty { StateFixture.write(bytes, to: other.database + suffix) }
            }
            return try? other.load()
        }
        for number in 0..<40 { try fixture.change("k\(number)", "0") }
        _ = try file.save(fixture.writer.snapshot(), StateFixture.mark("0"), of: StateFixture.identity, isLast: false) {
            // Between the transactions of a first save there is no state.
            let found = (try? take()).flatMap { $0 } != nil
            #expect(!found)
            return false
        }
        for round in 1...5 {
            for number in 0..<40 { try fixture.change("k\(number)", "\(round)") }
            try fixture.save(file, StateFixture.mark("\(round)"))
            let state = try #require(try take())
            #expect(state.positions == Array("\(round)".utf8))
            #expect(state.writer.snapshot().itemCount == 40)
        }
    }
}
