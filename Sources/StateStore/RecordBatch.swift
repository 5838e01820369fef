import ReplicaStore
import TableModel

/// Records on their way into the file, transaction by transaction, and what they add up to.
struct RecordBatch {
    private let database: Database
    private let limit: Int
    private let find: Statement
    private let insert: Statement
    private let update: Statement
    private let state: Statement
    private var checksum: RecordChecksum
    private var inTransaction = 0
    /// The row of the file once this is committed.
    var row: StateRow
    /// Whether keys may be there already.
    var replacesRecords = false
    private(set) var written = 0
    /// The row of the file, and up to which record it holds, by the transactions that have ended; nil before the first.
    private(set) var committedRow: StateRow?
    private(set) var committedSeq: UInt64 = 0
    /// Why no further record is taken.
    private(set) var failure: SQLiteError?
    private var newestSeq: UInt64 = 0

    init(_ database: Database, row: StateRow, checksum: RecordChecksum, limit: Int) throws(SQLiteError) {
        self.database = database
        self.row = row
        self.checksum = checksum
        self.limit = limit
        find = try database.prepare(StateSchema.findRecord)
        insert = try database.prepare(StateSchema.insertRecord)
        update = try database.prepare(StateSchema.updateRecord)
        state = try database.prepare(StateSchema.writeState)
    }

    /// Whether the present transaction is empty.
    var isEmpty: Bool { inTransaction == 0 }

    mutating func begin() throws(SQLiteError) {
        try database.execute("BEGIN IMMEDIATE")
        inTransaction = 0
    }

    /// Ends the transaction, with the row.
    mutating func commit() throws(SQLiteError) {
        try row.write(with: state)
        try database.execute("COMMIT")
        committedRow = row
        committedSeq = newestSeq
    }

    /// Enters a record in the place of what is there of its key, and begins the next transaction when this one is full.
    /// False once something has failed.
    mutating func take(_ record: ItemRecord) -> Bool {
        do throws(SQLiteError) {
            try add(record)
            newestSeq = record.seq
            if inTransaction >= limit {
                try commit()
                try begin()
            }
            return true
        } catch {
            failure = error
            return false
        }
    }

    private mutating func add(_ record: ItemRecord) throws(SQLiteError) {
        let version = Array((record.version ?? "").utf8)
        let outcome = record.withKeyBytes { key in
            record.withPackedItem { item in
                version.withUnsafeBytes { version in
                    let item = record.isTombstone ? nil : item
                    return Result { () throws(SQLiteError) in try add(record, version: version, key: key, item: item) }
                }
            }
        }
        try outcome.get()
        inTransaction += 1
        written += 1
    }

    private mutating func add(
        _ record: ItemRecord,
        version: UnsafeRawBufferPointer,
        key: UnsafeRawBufferPointer,
        item: UnsafeRawBufferPointer?
    ) throws(SQLiteError) {
        let own = checksum.of(
            seq: record.seq,
            at: record.at,
            cause: record.cause.rawValue,
            version: version,
            key: key,
            item: item
        )
        var statement = insert
        if replacesRecords {
            find.bind(1, bytes: key)
            defer { find.reset() }
            if try find.step() {
                statement = update
                statement.bind(8, find.integer(0))
                row.recordsChecksum &-= UInt64(bitPattern: find.integer(1))
                row.records -= 1
            }
        }
        statement.bind(1, Int64(bitPattern: own))
        statement.bind(2, Int64(bitPattern: record.seq))
        statement.bind(3, record.at)
        statement.bind(4, Int64(record.cause.rawValue))
        statement.bind(5, bytes: version.isEmpty ? nil : version)
        statement.bind(6, bytes: key)
        statement.bind(7, bytes: item)
        try statement.run()
        row.recordsChecksum &+= own
        row.records += 1
    }

    /// Drops the items that a snapshot does not have, by asking it for each key. For when so many were removed since the last
    /// save that the store has forgotten some of the removals.
    mutating func dropItems(missingFrom snapshot: StoreSnapshot) throws(SQLiteError) {
        let rows = try database.prepare(StateSchema.readKeys)
        var missing: [(id: Int64, checksum: UInt64)] = []
        while try rows.step() {
            let state = snapshot.newestState(of: ItemKey(bytes: [UInt8](rows.bytes(2))))
            if let state, !state.isTombstone || state.isUnreadable { continue }
            missing.append((rows.integer(0), UInt64(bitPattern: rows.integer(1))))
        }
        rows.reset()
        let drop = try database.prepare(StateSchema.dropRecord)
        for entry in missing {
            drop.bind(1, entry.id)
            try drop.run()
            row.recordsChecksum &-= entry.checksum
            row.records -= 1
        }
    }

    /// Forgets the removals that the store has forgotten.
    mutating func dropTombstones(upTo horizon: UInt64) throws(SQLiteError) {
        let statement = try database.prepare(StateSchema.dropTombstones)
        statement.bind(1, Int64(bitPattern: horizon))
        while try statement.step() {
            row.recordsChecksum &-= UInt64(bitPattern: statement.integer(0))
            row.records -= 1
        }
    }
}
