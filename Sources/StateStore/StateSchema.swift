/// The form of the state's file.
enum StateSchema {
    /// The form's version: SQLite's `user_version`.
    static let version: Int64 = 4
    /// "TCST": SQLite's `application_id`, which tells our files from others.
    static let applicationID: Int64 = 0x5443_5354

    /// Before anything else, so that the first page of a file that we began always says whose it is.
    static let name = "PRAGMA application_id = \(applicationID)"

    /// A record's row stays where it is when its item changes, so that a change writes one page; `checksum` comes first because
    /// it is read without the rest.
    static let tables = """
        PRAGMA user_version = \(version);
        CREATE TABLE records (
            id INTEGER PRIMARY KEY, checksum INTEGER NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL,
            cause INTEGER NOT NULL, version BLOB, key BLOB NOT NULL, item BLOB
        );
        CREATE UNIQUE INDEX records_by_key ON records (key);
        CREATE INDEX tombstones ON records (seq) WHERE item IS NULL;
        CREATE TABLE state (
            id INTEGER PRIMARY KEY CHECK (id = 1), checksum INTEGER NOT NULL, table_name TEXT NOT NULL,
            partition_name TEXT NOT NULL, partition_type TEXT NOT NULL, sort_name TEXT, sort_type TEXT,
            stream_arn TEXT NOT NULL, epoch TEXT NOT NULL, seq INTEGER NOT NULL, reserved_seq INTEGER NOT NULL,
            horizon INTEGER NOT NULL, positions BLOB NOT NULL, stream_read_at INTEGER NOT NULL, is_complete INTEGER NOT NULL,
            is_closed INTEGER NOT NULL, records INTEGER NOT NULL, records_checksum INTEGER NOT NULL,
            file_number INTEGER NOT NULL, abandoned TEXT, every_key_ahead INTEGER NOT NULL, keys_ahead INTEGER NOT NULL,
            keys_ahead_checksum INTEGER NOT NULL, ignored_attributes TEXT, birth_time INTEGER NOT NULL,
            low_time INTEGER NOT NULL, high_time INTEGER NOT NULL
        );
        CREATE TABLE keys_ahead (key BLOB PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID;
        """

    static let readState = """
        SELECT checksum, table_name, partition_name, partition_type, sort_name, sort_type, stream_arn, epoch, seq,
            reserved_seq, horizon, positions, stream_read_at, is_complete, is_closed, records, records_checksum,
            file_number, abandoned, every_key_ahead, keys_ahead, keys_ahead_checksum, ignored_attributes,
            birth_time, low_time, high_time
        FROM state WHERE id = 1
        """
    static let writeState = """
        INSERT OR REPLACE INTO state (id, checksum, table_name, partition_name, partition_type, sort_name, sort_type,
            stream_arn, epoch, seq, reserved_seq, horizon, positions, stream_read_at, is_complete, is_closed, records,
            records_checksum, file_number, abandoned, every_key_ahead, keys_ahead, keys_ahead_checksum, ignored_attributes,
            birth_time, low_time, high_time)
        VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22,
            ?23, ?24, ?25, ?26)
        """
    static let readRecords = "SELECT checksum, seq, at, cause, version, key, item FROM records ORDER BY id"
    static let findRecord = "SELECT id, checksum FROM records WHERE key = ?1"
    static let insertRecord = """
        INSERT INTO records (checksum, seq, at, cause, version, key, item) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
        """
    static let updateRecord = """
        UPDATE records SET checksum = ?1, seq = ?2, at = ?3, cause = ?4, version = ?5, item = ?7 WHERE id = ?8
        """
    static let readKeysAhead = "SELECT key, until FROM keys_ahead"
    static let putKeyAhead = "INSERT OR REPLACE INTO keys_ahead (key, until) VALUES (?1, ?2)"
    static let dropKeyAhead = "DELETE FROM keys_ahead WHERE key = ?1"
    /// The keys that the table had an item under, readable or not (`ChangeCause.unreadable` is 5).
    static let readKeys = "SELECT id, checksum, key FROM records WHERE item IS NOT NULL OR cause = 5"
    static let dropRecord = "DELETE FROM records WHERE id = ?1"
    static let dropTombstones =
        "DELETE FROM records WHERE item IS NULL AND cause <> 5 AND seq <= ?1 RETURNING checksum"
}
