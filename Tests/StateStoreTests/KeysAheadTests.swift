import CSQLite
import Glibc
import ReplicaStore
import StateStore
import TableModel
import Testing

/// The keys whose items are newer than the positions that are saved with them.
@Suite struct KeysAheadTests {
    private func keys(_ entries: [String: Int64], isEvery: Bool = false) throws -> KeysAhead {
        var keys = KeysAhead()
        for (id, moment) in entries { keys.until[try StateFixture.key(id)] = moment }
        keys.isEvery = isEvery
        return keys
    }

    private func mark(_ keys: KeysAhead, _ positions: String = "p") -> StateMark {
        StateMark(positions: Array(positions.utf8), streamReadAt: StateFixture.now, keysAhead: keys)
    }

    @Test("come back as they were saved: first ones, new moments, fewer, all of them")
    func roundTrip() throws {
        let fixture = StateFixture()
        try fixture.change("a", "1")
        let file = try fixture.open()
        let steps = [
            try keys([:]), try keys(["a": 7, "b": .max]), try keys(["a": 9, "b": 8, "c": 1]), try keys(["c": 1]),
            try keys([:], isEvery: true),
        ]
        for step in steps {
            // Nothing else has changed, and it is saved all the same.
            #expect(try fixture.save(file, mark(step))?.isWritten == true)
            let copy = StateFixture()
            for suffix in ["", "-wal"] {
                StateFixture.write(StateFixture.read(fixture.database + suffix), to: copy.database + suffix)
            }
            #expect(try copy.load()?.keysAhead == step)
        }
        #expect(try fixture.save(file, mark(steps[4]))?.isWritten == false)
    }

    @Test(
        "are missed when they are lost or changed",
        arguments: [
            "DELETE FROM keys_ahead", "UPDATE keys_ahead SET until = until - 1", "UPDATE state SET keys_ahead = 0",
            "UPDATE state SET every_key_ahead = 1", "INSERT INTO keys_ahead VALUES (x'00', 3)",
            "UPDATE state SET keys_ahead_checksum = 0",
        ]
    )
    func tampered(_ statements: String) throws {
        let fixture = StateFixture()
        try fixture.change("a", "1")
        let file = try fixture.open()
        try fixture.save(file, mark(try keys(["a": 7])), isLast: true)
        file.close()
        var handle: OpaquePointer?
        try #require(sqlite3_open(fixture.database, &handle) == SQLITE_OK)
        try #require(sqlite3_exec(handle, statements, nil, nil, nil) == SQLITE_OK)
        sqlite3_close(handle)
        #expect(try fixture.rejection()?.kind == "damaged")
    }

    @Test("a save that ends anywhere leaves no item that is ahead of its positions without its key")
    func interrupted() throws {
        var interrupted = 0
        for limit in stride(from: 100_000, through: 900_000, by: 50_000) {
            let fixture = StateFixture()
            let file = try fixture.open { $0.fileBytes = limit }
            for number in 0..<20 { try fixture.change("k\(number)", "old") }
            try fixture.save(file, StateFixture.mark("before"))
            // Read from the table: the positions do not tell of it.
            var ahead: [String: Int64] = [:]
            for number in 0..<20 {
                try fixture.change("k\(number)", String(repeating: "n", count: 40_000))
                ahead["k\(number)"] = 5
            }
            if (try? fixture.save(file, mark(try keys(ahead), "before"))) == nil { interrupted += 1 }
            file.close()
            let state = try #require(try fixture.load { $0.fileBytes = nil })
            state.writer.snapshot().forEach(from: nil, to: nil) { record in
                let isNew = record.withPackedItem { $0.count > 1_000 }
                #expect(!isNew || state.keysAhead.until[record.key] == 5, "at \(limit) bytes")
                return true
            }
        }
        #expect(interrupted > 5)
    }

    @Test("a state of the form before is said to be of an older release")
    func olderFormat() throws {
        let fixture = StateFixture()
        try fixture.change("a", "1")
        let file = try fixture.open()
        try fixture.save(file, isLast: true)
        file.close()
        var handle: OpaquePointer?
        try #require(sqlite3_open(fixture.database, &handle) == SQLITE_OK)
        try #require(sqlite3_exec(handle, "PRAGMA user_version = 1", nil, nil, nil) == SQLITE_OK)
        sqlite3_close(handle)
        let rejection = try #require(try fixture.rejection())
        #expect(rejection == .olderFormat(1) && rejection.kind == "older-format")
        #expect(
            rejection.description == "the state has format 1, which is of an older release; this one reads format 4"
        )
    }
}
