import Basics
import CSQLite
import Glibc
package import ReplicaStore

/// The outcome of a save.
package struct StateSaveReport: Sendable, Hashable {
    /// False when there was nothing to say that the file does not say already.
    package var isWritten = true
    /// Records written.
    package var records = 0
    /// Whether a new file was written, with everything in it.
    package var isWhole = false
    /// Bytes on disk after it.
    package var bytes = 0

    package init(isWritten: Bool = true, records: Int = 0, isWhole: Bool = false, bytes: Int = 0) {
        self.isWritten = isWritten
        self.records = records
        self.isWhole = isWhole
        self.bytes = bytes
    }
}

extension StateFile {
    /// Brings the file up to a snapshot and the mark that belongs to it. With `isLast` the process says that no client will hear
    /// of anything beyond the snapshot.
    ///
    /// What is written is what the snapshot's index by seq has beyond what is saved: there is no queue that could grow, and a key
    /// that changed often is written once. Nil when `isStopping` said to leave a first save unfinished.
    package func save(
        _ snapshot: StoreSnapshot,
        _ mark: StateMark,
        of identity: StateIdentity,
        isLast: Bool,
        isStopping: () -> Bool
    ) throws(StateTrouble) -> StateSaveReport? {
        do throws(SQLiteError) {
            if database != nil, row?.fileNumber != fileNumber { needsReplacement = true }
            if row?.epoch != snapshot.position.epoch || row?.identity != identity { needsReplacement = true }
            var report: StateSaveReport?
            if needsReplacement {
                report = try saveWhole(snapshot, mark, identity, isLast, isStopping)
            } else if isNews(snapshot, mark, isLast) {
                report = try saveChanges(snapshot, mark, isLast)
            } else {
                report = StateSaveReport(isWritten: false)
            }
            report?.bytes = bytes
            return report
        } catch {
            if let database, database.isInTransaction { try? database.execute("ROLLBACK") }
            if error.isDamage || needsReplacement { close() }
            throw StateTrouble("saving to", path, error)
        }
    }

    private func isNews(_ snapshot: StoreSnapshot, _ mark: StateMark, _ isLast: Bool) -> Bool {
        guard let row else { return true }
        let fresher = mark.streamReadAt.map { $0 - row.streamReadAt } ?? 0
        return isLast || snapshot.position.seq > savedSeq || mark.positions != row.positions
            || mark.keysAhead != savedKeysAhead
            || fresher >= limits.refreshInterval.wholeSeconds * 1_000
    }

    // MARK: A new file

    private func saveWhole(
        _ snapshot: StoreSnapshot,
        _ mark: StateMark,
        _ identity: StateIdentity,
        _ isLast: Bool,
        _ isStopping: () -> Bool
    ) throws(SQLiteError) -> StateSaveReport? {
        let (database, row) = try begin(identity, snapshot.position.epoch)
        // The state is incomplete until its last transaction, so what a power cut leaves of the others does not matter. The
        // checkpoint brings them to the disk.
        try database.execute("PRAGMA synchronous = OFF")
        var batch = try RecordBatch(database, row: row, checksum: checksum, limit: limits.recordsPerTransaction)
        try batch.begin()
        try KeysAheadTable(database).write(mark.keysAhead, over: KeysAhead(), &batch.row)
        var isStopped = false
        func visit(_ record: ItemRecord) -> Bool {
            guard batch.take(record) else { return false }
            isStopped = batch.isEmpty && isStopping()
            return !isStopped
        }
        // In the order of keys, so that table and index only grow at their ends.
        snapshot.forEach(from: nil, to: nil, visit)
        if !isStopped, batch.failure == nil {
            snapshot.forEachChange(after: 0) { $0.isTombstone ? visit($0) : true }
        }
        if let failure = batch.failure { throw failure }
        guard !isStopped else {
            close()
            return nil
        }
        try batch.commit()
        try database.execute("PRAGMA synchronous = FULL; PRAGMA wal_checkpoint(TRUNCATE)")
        batch.row.complete(snapshot, mark, isLast)
        try commit(batch.row, in: database)
        self.row = batch.row
        savedKeysAhead = mark.keysAhead
        savedSeq = snapshot.position.seq
        needsReplacement = false
        return StateSaveReport(records: batch.written, isWhole: true)
    }

    /// Begins a new file: from now on, and until the last of the records is in it, no state is there.
    private func begin(_ identity: StateIdentity, _ epoch: Epoch) throws(SQLiteError) -> (Database, StateRow) {
        close()
        setForeignFileAside()
        let database = try open(isNew: true)
        try database.execute("BEGIN IMMEDIATE")
        try database.execute(StateSchema.tables)
        let row = StateRow(identity: identity, epoch: epoch, fileNumber: fileNumber)
        try row.write(with: try database.prepare(StateSchema.writeState))
        try database.execute("COMMIT; PRAGMA wal_checkpoint(TRUNCATE)")
        self.database = database
        self.row = row
        return (database, row)
    }

    /// A file that is not ours, or of a newer release, may be worth something to somebody: it is kept under another name. Any
    /// other is removed.
    private func setForeignFileAside() {
        if let header = StateFile.header(path), header.isDatabase {
            let isNewer = header.applicationID == StateSchema.applicationID && header.userVersion > StateSchema.version
            let isOthers = header.applicationID != StateSchema.applicationID && header.applicationID != 0
            if isNewer || isOthers { rename(path, path + ".set-aside") }
        }
        StateFile.remove(path)
    }

    // MARK: Changes

    private func saveChanges(
        _ snapshot: StoreSnapshot,
        _ mark: StateMark,
        _ isLast: Bool
    ) throws(SQLiteError) -> StateSaveReport {
        guard let database, var row else { return StateSaveReport(isWritten: false) }
        // Of the records only some may be written when the process ends: the feed must not count on from less.
        row.raise(to: snapshot)
        var batch = try RecordBatch(database, row: row, checksum: checksum, limit: limits.recordsPerTransaction)
        batch.replacesRecords = true
        // Later positions come with the last transaction; what earlier ones brought is ahead of the positions, which does no harm:
        // the changes are read again and known by their versions.
        defer {
            if let row = batch.committedRow {
                self.row = row
                savedKeysAhead = mark.keysAhead
            }
            savedSeq = max(savedSeq, batch.committedSeq)
        }
        if snapshot.horizon > savedSeq { needsSweep = true }
        try batch.begin()
        // Before the records that they are of: what an interrupted save leaves must not lack one.
        try KeysAheadTable(database).write(mark.keysAhead, over: savedKeysAhead, &batch.row)
        snapshot.forEachChange(after: savedSeq) { batch.take($0) }
        if let failure = batch.failure { throw failure }
        if needsSweep { try batch.dropItems(missingFrom: snapshot) }
        if snapshot.horizon > row.horizon { try batch.dropTombstones(upTo: snapshot.horizon) }
        batch.row.complete(snapshot, mark, isLast)
        try batch.commit()
        if isLast { try database.execute("PRAGMA wal_checkpoint(TRUNCATE)") }
        savedSeq = snapshot.position.seq
        needsSweep = false
        return StateSaveReport(records: batch.written)
    }
}

extension StateRow {
    fileprivate mutating func raise(to snapshot: StoreSnapshot) {
        seq = snapshot.position.seq
        // Records may be there without the rest: none is newer than this.
        times.high = [times.high, snapshot.times.high].compactMap(\.self).max()
        reservedSeq = seq + StateLimits.reservedSeqs
        isClosed = false
    }

    /// Says that everything of the snapshot is in the file.
    fileprivate mutating func complete(_ snapshot: StoreSnapshot, _ mark: StateMark, _ isLast: Bool) {
        raise(to: snapshot)
        horizon = snapshot.horizon
        positions = mark.positions
        times = snapshot.times
        // The proof only ever gets newer.
        if let moment = mark.streamReadAt { streamReadAt = max(streamReadAt, moment) }
        isComplete = true
        isClosed = isLast
    }
}
