import Glibc

/// The state's file: one SQLite database in write-ahead mode. Not Sendable: its session's queue owns it.
///
/// What is in it is always a state that was: records up to some change, and positions of the stream that are not ahead of them.
/// A process that is killed leaves the transactions that were committed; SQLite drops the rest when the file is opened again.
package final class StateFile {
    let path: String
    let limits: StateLimits
    var database: Database?
    /// The row of the file; nil until a generation is saved or restored.
    var row: StateRow?
    /// Everything up to this seq of the row's epoch is in the file.
    var savedSeq: UInt64 = 0
    /// The file is to be replaced by a new one with the next save.
    var needsReplacement = true
    /// The store has forgotten removals that were never saved, so items in the file may not be in the table any more.
    var needsSweep = false
    /// The keys that the file says are ahead of its positions.
    var savedKeysAhead = KeysAhead()
    var checksum = RecordChecksum()
    let progress: LoadProgress

    /// The state of a directory. Nothing is opened yet.
    package convenience init(directory: StateDirectory, limits: StateLimits) {
        self.init(directory: directory, limits: limits, progress: LoadProgress())
    }

    /// The same; a load counts its records in `progress`.
    init(directory: StateDirectory, limits: StateLimits, progress: LoadProgress) {
        self.progress = progress
        path = directory.filePath
        self.limits = limits
    }

    /// Bytes on disk, the write-ahead log included.
    package var bytes: Int {
        ["", "-wal"].reduce(0) { $0 + (StateFile.status(path + $1).map { Int($0.st_size) } ?? 0) }
    }

    /// Ends the connection. What was committed is in the main file then.
    package func close() {
        database = nil
        row = nil
        savedKeysAhead = KeysAhead()
        needsReplacement = true
        needsSweep = false
    }

    /// Opens the file in the mode it is written in, and names it when it is new.
    func open(isNew: Bool) throws(SQLiteError) -> Database {
        if isNew {
            // SQLite would let everybody read it; what it puts beside it takes the same mode.
            let descriptor = Glibc.open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
            if descriptor >= 0 { Glibc.close(descriptor) }
        }
        let database = try Database(path: path)
        if isNew { try database.execute("PRAGMA page_size = 4096; \(StateSchema.name)") }
        // Every commit is on disk when it returns. Temporary data in memory: a container may have nowhere else.
        try database.execute(
            """
            PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
            PRAGMA temp_store = MEMORY; PRAGMA cache_size = -\(limits.cacheBytes / 1024);
            PRAGMA journal_size_limit = \(limits.logBytes)
            """
        )
        if let most = limits.fileBytes { try database.execute("PRAGMA max_page_count = \(max(1, most / 4096))") }
        return database
    }

    /// Opens the file where nothing can be written: with its write-ahead log where one was left behind, otherwise as it is.
    func openReadOnly() throws(SQLiteError) -> Database {
        let log = StateFile.status(path + "-wal").map { $0.st_size > 0 } ?? false
        let database = try Database(readOnly: path, hasLog: log)
        try database.execute(
            "PRAGMA locking_mode = EXCLUSIVE; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -\(limits.cacheBytes / 1024)"
        )
        return database
    }

    /// Writes the row alone, and lets it reach the main file at once.
    func commit(_ row: StateRow, in database: Database) throws(SQLiteError) {
        try row.write(with: try database.prepare(StateSchema.writeState))
        try database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    }

    /// Marks the state as useless: it must not be resumed. A file that cannot be written is removed.
    package func abandon(_ reason: String) throws(StateTrouble) {
        needsReplacement = true
        guard let database, var row else { return }
        self.row = nil
        row.isComplete = false
        row.abandoned = reason
        do throws(SQLiteError) { try commit(row, in: database) } catch {
            self.database = nil
            guard unlink(path) == 0 || errno == ENOENT else { throw StateTrouble("giving up", path, error) }
            StateFile.remove(besides: path)
        }
    }

    /// Removes the database and what SQLite puts beside it.
    static func remove(_ path: String) {
        unlink(path)
        remove(besides: path)
    }

    private static func remove(besides path: String) {
        for suffix in ["-wal", "-shm", "-journal"] { unlink(path + suffix) }
    }

    /// The file's inode number; 0 when there is none.
    var fileNumber: UInt64 { StateFile.status(path).map { UInt64($0.st_ino) } ?? 0 }

    static func status(_ path: String) -> stat? {
        var status = stat()
        return stat(path, &status) == 0 ? status : nil
    }
}
