import CSQLite

/// A call to SQLite that failed.
struct SQLiteError: Error, Sendable, Hashable {
    /// The primary result code.
    let code: Int32
    /// SQLite's message, with the system's error if there is one.
    let message: String

    init(code: Int32, message: String) {
        self.code = code & 0xFF
        self.message = message
    }

    /// The file's contents are not what SQLite or this program wrote: only a new file helps.
    var isDamage: Bool { code == SQLITE_CORRUPT || code == SQLITE_NOTADB }
}
