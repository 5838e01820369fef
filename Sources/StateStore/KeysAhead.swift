import CXXHash
package import TableModel

/// The keys of which a replica holds a newer state than its place in the stream tells, because their items were read from the
/// table: an older image of theirs must not be applied, also not by the next process.
package struct KeysAhead: Sendable, Hashable {
    /// Every key counts: there were too many to remember.
    package var isEvery = false
    /// For each key the time, in milliseconds since 1970 UTC by the clock that stamps records, up to which a record's own image may
    /// be older than what the replica holds; the greatest number while a read is in progress.
    package var until: [ItemKey: Int64] = [:]

    /// None.
    package init() {}
}

/// How the keys are kept in the file: written before any record that they are of, in the same transaction or an earlier one.
struct KeysAheadTable {
    private let database: Database

    init(_ database: Database) { self.database = database }

    /// Brings the table from what it holds to `keys`, and the row's sum with it.
    func write(_ keys: KeysAhead, over saved: KeysAhead, _ row: inout StateRow) throws(SQLiteError) {
        guard keys != saved else { return }
        row.isEveryKeyAhead = keys.isEvery
        let put = try database.prepare(StateSchema.putKeyAhead)
        let drop = try database.prepare(StateSchema.dropKeyAhead)
        for (key, moment) in keys.until where saved.until[key] != moment {
            if let before = saved.until[key] {
                row.keysAheadChecksum &-= Self.checksum(key.bytes, before)
            } else {
                row.keysAhead += 1
            }
            row.keysAheadChecksum &+= Self.checksum(key.bytes, moment)
            put.bind(2, moment)
            try Self.run(put, key)
        }
        for (key, moment) in saved.until where keys.until[key] == nil {
            row.keysAhead -= 1
            row.keysAheadChecksum &-= Self.checksum(key.bytes, moment)
            try Self.run(drop, key)
        }
    }

    /// Reads the table; nil when it is not what the row says.
    func read(_ row: StateRow) throws(SQLiteError) -> KeysAhead? {
        var keys = KeysAhead()
        keys.isEvery = row.isEveryKeyAhead
        var sum: UInt64 = 0
        let rows = try database.prepare(StateSchema.readKeysAhead)
        while try rows.step() {
            let bytes = [UInt8](rows.bytes(0))
            let moment = rows.integer(1)
            keys.until[ItemKey(bytes: bytes)] = moment
            sum &+= Self.checksum(bytes, moment)
        }
        return Int64(keys.until.count) == row.keysAhead && sum == row.keysAheadChecksum ? keys : nil
    }

    private static func run(_ statement: Statement, _ key: ItemKey) throws(SQLiteError) {
        let outcome = key.bytes.withUnsafeBytes { bytes in
            statement.bind(1, bytes: bytes)
            return Result { () throws(SQLiteError) in try statement.run() }
        }
        try outcome.get()
    }

    private static func checksum(_ key: [UInt8], _ moment: Int64) -> UInt64 {
        var bytes = key
        withUnsafeBytes(of: moment.littleEndian) { bytes += Array($0) }
        return bytes.withUnsafeBytes(Checksum.of)
    }
}
