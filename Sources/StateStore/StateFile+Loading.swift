import Basics
import CSQLite
import Glibc
package import ReplicaStore
import TableModel

extension StateFile {
    /// Reads the state back; nil when none was ever saved here. `wall` is now, in milliseconds since 1970 UTC.
    ///
    /// Everything is checked before anything is used: the file's form, what it is of, its age, each record's checksum, and that no
    /// record is missing or there twice. Whatever is off rejects the whole, and the next save begins a new file. `obstacle` is called each
    /// time that some more has been read.
    package func load(
        expecting expectation: StateExpectation,
        at wall: Int64,
        storeLimits: StoreLimits,
        obstacle noRoom: LoadObstacle = { _ in nil }
    ) throws(StateRejection) -> RestoredState? {
        close()
        progress.note(0)
        guard let status = StateFile.status(path), status.st_size > 0 else { return nil }
        do {
            let (database, obstacle) = try openOurs()
            guard let found = try readRow(in: database) else { throw StateRejection.incomplete }
            if let rejection = judge(found, expectation, wall) { throw rejection }
            var row = found
            let newEpochReason = takeOver(&row, in: database, obstacle)
            let writer = try readRecords(in: database, found: found, row: row, storeLimits, noRoom)
            guard let keysAhead = try KeysAheadTable(database).read(found) else {
                throw StateRejection.damaged("the keys that are ahead of the stream are not what was written")
            }
            // A file that was opened for reading stays so: once the directory can be written, a new file takes its place.
            if obstacle == nil {
                self.database = database
                self.row = row
                savedSeq = found.seq
                savedKeysAhead = keysAhead
                needsReplacement = false
            }
            return RestoredState(
                identity: row.identity,
                writer: writer,
                positions: row.positions,
                streamReadAt: row.streamReadAt,
                keysAhead: keysAhead,
                newEpochReason: newEpochReason,
                trouble: obstacle.map { StateTrouble("saving to", path, $0) }
            )
        } catch let rejection as StateRejection {
            throw rejection
        } catch let error as SQLiteError {
            throw error.isDamage ? .damaged(error.message) : .unreadable(error.message)
        } catch {
            throw .unreadable("\(error)")
        }
    }

    /// The same for a table that has been described.
    package func load(
        expecting identity: StateIdentity,
        at wall: Int64,
        storeLimits: StoreLimits
    ) throws(StateRejection) -> RestoredState? {
        try load(expecting: StateExpectation(identity), at: wall, storeLimits: storeLimits)
    }

    /// Opens the file if it is one of this program and this release; for reading alone, with the reason, where it cannot be written.
    private func openOurs() throws -> (Database, obstacle: SQLiteError?) {
        // Read before SQLite sees it: a file of another program must not be changed in any way.
        guard let header = StateFile.header(path), header.isDatabase, header.applicationID == StateSchema.applicationID
        else { throw StateRejection.foreign }
        var (database, obstacle) = try openSomehow()
        let version: Int64
        do throws(SQLiteError) { version = try database.integer("PRAGMA user_version") } catch {
            // Some volumes say so only at the first reading.
            guard obstacle == nil, !error.isDamage else { throw error }
            (database, obstacle) = (try openReadOnly(), error)
            version = try database.integer("PRAGMA user_version")
        }
        // The version comes with the tables, in one transaction.
        guard version != 0 else { throw StateRejection.incomplete }
        guard version == StateSchema.version else {
            throw version > StateSchema.version
                ? StateRejection.newerFormat(version) : StateRejection.olderFormat(version)
        }
        return (database, obstacle)
    }

    private func openSomehow() throws(SQLiteError) -> (Database, SQLiteError?) {
        do throws(SQLiteError) { return (try open(isNew: false), nil) } catch {
            guard !error.isDamage else { throw error }
            return (try openReadOnly(), error)
        }
    }

    private func readRow(in database: Database) throws -> StateRow? {
        let statement = try database.prepare(StateSchema.readState)
        guard try statement.step() else { return nil }
        guard let row = StateRow(statement) else {
            throw StateRejection.damaged("its description is not what was written")
        }
        return row
    }

    /// The reason for which the row's state cannot be resumed; nil when it can.
    private func judge(_ row: StateRow, _ expectation: StateExpectation, _ wall: Int64) -> StateRejection? {
        if let reason = row.abandoned { return .abandoned(reason) }
        guard row.isComplete else { return .incomplete }
        if let rejection = expectation.difference(row.identity) { return rejection }
        if !expectation.takesAnyAge, let rejection = limits.rejection(readAt: row.streamReadAt, at: wall) {
            return rejection
        }
        let age = (wall - row.streamReadAt) / 1_000
        if age < -limits.clockSkew.wholeSeconds { return .fromTheFuture(seconds: -age) }
        guard row.horizon <= row.seq, row.seq <= row.reservedSeq, row.reservedSeq <= StateLimits.maximumSeq else {
            return .damaged("its numbers contradict each other")
        }
        return nil
    }

    /// Makes the state this process's own, before a client hears a number from it: says that it is in use, and sets aside the
    /// numbers that this process may tell. Where that cannot be written down, or the file is a copy of one that another process
    /// may go on with, the feed begins a new epoch: then no number stands for two changes. Returns why, or nil.
    private func takeOver(_ row: inout StateRow, in database: Database, _ obstacle: SQLiteError?) -> String? {
        let isCopy = row.fileNumber != fileNumber
        if !row.isClosed { row.seq = row.reservedSeq }
        row.reservedSeq = row.seq + StateLimits.reservedSeqs
        row.isClosed = false
        row.fileNumber = fileNumber
        if isCopy { row.epoch = .random() }
        do throws(SQLiteError) {
            if let obstacle { throw obstacle }
            try commit(row, in: database)
            return isCopy ? "the state is a copy of another one" : nil
        } catch {
            row.epoch = .random()
            return "the state cannot be written to: \(error.message)"
        }
    }

    private func readRecords(
        in database: Database,
        found: StateRow,
        row: StateRow,
        _ storeLimits: StoreLimits,
        _ noRoom: LoadObstacle
    ) throws -> GenerationWriter {
        let writer = GenerationWriter(epoch: row.epoch, keySchema: row.identity.keySchema, limits: storeLimits)
        let rows = try database.prepare(StateSchema.readRecords)
        var count: Int64 = 0
        var sum: UInt64 = 0
        var unchecked = 0
        while try rows.step() {
            let item = rows.isNull(6) ? nil : rows.bytes(6)
            let version = rows.bytes(4)
            let seq = UInt64(bitPattern: rows.integer(1))
            let at = rows.integer(2)
            let key = rows.bytes(5)
            let cause = UInt8(truncatingIfNeeded: rows.integer(3))
            let own = checksum.of(seq: seq, at: at, cause: cause, version: version, key: key, item: item)
            guard own == UInt64(bitPattern: rows.integer(0)), seq > 0, seq <= found.seq,
                let cause = ChangeCause(rawValue: cause)
            else { throw StateRejection.damaged("a record is not what was written") }
            let record = StoredRecord(
                seq: seq,
                at: at,
                cause: cause,
                version: version.isEmpty ? nil : SequenceNumber(String(decoding: version, as: UTF8.self)),
                key: key,
                item: item
            )
            guard writer.restore(record) else { throw StateRejection.damaged("a key is there twice") }
            count += 1
            sum &+= own
            progress.note(Int(count))
            unchecked += key.count + (item?.count ?? 0) + StateLimits.recordOverhead
            if unchecked >= StateLimits.memoryStep {
                unchecked = 0
                if let reason = noRoom(Int(count)) { throw StateRejection.tooLarge(reason) }
            }
        }
        guard count == found.records, sum == found.recordsChecksum else {
            throw StateRejection.damaged("records are missing")
        }
        guard writer.endRestoring(seq: row.seq, horizon: row.horizon, times: found.restorableTimes) else {
            throw StateRejection.damaged("two records have one number")
        }
        writer.follow(row.identity.streamTag, since: nil)
        return writer
    }
}

extension StateFile {
    /// The meaning of the first bytes of a file (SQLite's file format, section 1.3).
    struct Header {
        let isDatabase: Bool
        /// SQLite's `application_id`; 0 where none was set.
        let applicationID: Int64
        let userVersion: Int64
    }

    /// The first bytes of a file; nil when they cannot be read.
    static func header(_ path: String) -> Header? {
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { Glibc.close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 72)
        guard read(descriptor, &bytes, bytes.count) == bytes.count else {
            return Header(isDatabase: false, applicationID: 0, userVersion: 0)
        }
        func number(_ offset: Int) -> Int64 { bytes[offset..<offset + 4].reduce(0) { $0 << 8 | Int64($1) } }
        let isDatabase = bytes.starts(with: "SQLite format 3\0".utf8)
        return Header(isDatabase: isDatabase, applicationID: number(68), userVersion: number(60))
    }
}
