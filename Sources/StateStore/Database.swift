import Basics
import CSQLite
import Glibc

/// One SQLite connection. Not Sendable: the state file's queue owns it.
final class Database {
    fileprivate let handle: OpaquePointer

    /// Opens the file, creating it when it is absent. Nothing else can open it until this connection ends: with that, SQLite needs
    /// no memory shared between processes, which some volumes do not offer.
    convenience init(path: String) throws(SQLiteError) {
        try self.init(name: path, flags: SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE)
    }

    /// Opens the file of a volume that may not be written to. SQLite cannot lock there: nobody else may write to the file. A
    /// write-ahead log is read with it; without one the file must be taken for unchangeable, since SQLite would make a log.
    convenience init(readOnly path: String, hasLog: Bool) throws(SQLiteError) {
        let name = "file:\(Database.escaped(path))?mode=ro&\(hasLog ? "vfs=unix-none" : "immutable=1")"
        try self.init(name: name, flags: SQLITE_OPEN_READONLY | SQLITE_OPEN_URI)
    }

    private init(name: String, flags: Int32) throws(SQLiteError) {
        var opened: OpaquePointer?
        let code = sqlite3_open_v2(name, &opened, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nil)
        guard code == SQLITE_OK, let opened else {
            let error = Database.error(code, opened)
            sqlite3_close_v2(opened)
            throw error
        }
        handle = opened
        sqlite3_busy_timeout(handle, 0)
    }

    deinit { sqlite3_close_v2(handle) }

    /// A path within a URI: only what has a meaning there is encoded.
    private static func escaped(_ path: String) -> String {
        PercentEncoding.encode(path, keeping: ByteSet("%?#").inverted)
    }

    /// Runs statements that give no rows.
    func execute(_ statements: String) throws(SQLiteError) {
        let code = sqlite3_exec(handle, statements, nil, nil, nil)
        guard code == SQLITE_OK else { throw Database.error(code, handle) }
    }

    /// Compiles one statement.
    func prepare(_ text: String) throws(SQLiteError) -> Statement {
        var statement: OpaquePointer?
        let code = sqlite3_prepare_v3(handle, text, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil)
        guard code == SQLITE_OK, let statement else { throw Database.error(code, handle) }
        return Statement(statement, self)
    }

    /// The first column of the first row, as a number; 0 without a row.
    func integer(_ query: String) throws(SQLiteError) -> Int64 {
        let statement = try prepare(query)
        return try statement.step() ? statement.integer(0) : 0
    }

    /// Whether a transaction is open: some errors end it by themselves.
    var isInTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }

    fileprivate static func error(_ code: Int32, _ handle: OpaquePointer?) -> SQLiteError {
        var message = handle.flatMap { sqlite3_errmsg($0) }.map { String(cString: $0) } ?? "out of memory"
        let number = handle.map { sqlite3_system_errno($0) } ?? 0
        let isSystem = [SQLITE_IOERR, SQLITE_CANTOPEN, SQLITE_FULL, SQLITE_READONLY].contains(code & 0xFF)
        if isSystem, number != 0, let text = strerror(number) { message += " (\(String(cString: text)))" }
        return SQLiteError(code: code, message: message)
    }
}

/// A compiled statement. Bytes bound to it must stay valid until the next `reset`.
final class Statement {
    private let handle: OpaquePointer
    private let database: Database

    fileprivate init(_ handle: OpaquePointer, _ database: Database) {
        self.handle = handle
        self.database = database
    }

    deinit { sqlite3_finalize(handle) }

    /// Goes to the next row; false when there is none.
    func step() throws(SQLiteError) -> Bool {
        switch sqlite3_step(handle) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        case let code: throw Database.error(code, database.handle)
        }
    }

    /// Runs a statement that gives no rows, and makes it ready for the next run.
    func run() throws(SQLiteError) {
        defer { reset() }
        _ = try step()
    }

    func reset() {
        sqlite3_reset(handle)
        sqlite3_clear_bindings(handle)
    }

    // Binding fails only for an index that the statement does not have, which any run of it would show.

    func bind(_ index: Int32, _ value: Int64) { sqlite3_bind_int64(handle, index, value) }

    /// A nil binds NULL; bytes without an address are empty, not NULL.
    func bind(_ index: Int32, bytes: UnsafeRawBufferPointer?) {
        guard let bytes else {
            sqlite3_bind_null(handle, index)
            return
        }
        if let address = bytes.baseAddress, !bytes.isEmpty {
            sqlite3_bind_blob64(handle, index, address, UInt64(bytes.count), nil)
        } else {
            sqlite3_bind_zeroblob(handle, index, 0)
        }
    }

    /// Text is copied, so it need not outlive the call.
    func bind(_ index: Int32, text: String?) {
        guard var text else {
            sqlite3_bind_null(handle, index)
            return
        }
        // Proven: -1 is SQLITE_TRANSIENT, a marker that SQLite compares with and never calls.
        let copied = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
        text.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { characters in
                if let address = characters.baseAddress {
                    _ = sqlite3_bind_text(handle, index, address, Int32(characters.count), copied)
                } else {
                    _ = sqlite3_bind_text(handle, index, "", 0, copied)
                }
            }
        }
    }

    func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }

    func isNull(_ column: Int32) -> Bool { sqlite3_column_type(handle, column) == SQLITE_NULL }

    /// Valid until the next step or reset.
    func bytes(_ column: Int32) -> UnsafeRawBufferPointer {
        let address = sqlite3_column_blob(handle, column)
        return UnsafeRawBufferPointer(start: address, count: Int(sqlite3_column_bytes(handle, column)))
    }

    /// Nil for NULL. Bytes that are no UTF-8 are repaired; checksums tell.
    func text(_ column: Int32) -> String? {
        isNull(column) ? nil : String(decoding: bytes(column), as: UTF8.self)
    }
}
