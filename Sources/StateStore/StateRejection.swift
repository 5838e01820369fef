import CSQLite
import Glibc

/// The reason for which a saved state is not used and the table is read.
package enum StateRejection: Error, Sendable, Hashable, CustomStringConvertible {
    /// The file is no SQLite database, or one of another program.
    case foreign
    /// The file was written by a newer release.
    case newerFormat(Int64)
    /// The file was written by an older release, in a form that is not read any more.
    case olderFormat(Int64)
    /// Saving the generation had not come to its end.
    case incomplete
    /// The state was given up, for the reason given.
    case abandoned(String)
    case otherTable(String)
    case otherKeySchema
    case otherStream(String)
    /// Other attributes were ignored when the items were saved; the text of the pattern, empty for none.
    case otherIgnoredAttributes(String)
    /// The stream was last read too long ago: its age in seconds.
    case tooOld(seconds: Int64)
    /// The state is from the future, in seconds: clocks disagree, and its age cannot be known.
    case fromTheFuture(seconds: Int64)
    /// The contents of the file are not those that were written.
    case damaged(String)
    /// The file cannot be read.
    case unreadable(String)
    /// There is no room in memory for the contents; the reason.
    case tooLarge(String)
    /// Reading the file made no progress for so long.
    case unresponsive(seconds: Int64)

    /// A few words for a metric or a test, of a bounded set.
    package var kind: String {
        switch self {
        case .foreign: "foreign"
        case .newerFormat: "newer-format"
        case .olderFormat: "older-format"
        case .incomplete: "incomplete"
        case .abandoned: "abandoned"
        case .otherTable: "other-table"
        case .otherKeySchema: "other-key-schema"
        case .otherStream: "other-stream"
        case .otherIgnoredAttributes: "other-ignored-attributes"
        case .tooOld: "too-old"
        case .fromTheFuture: "from-the-future"
        case .damaged: "damaged"
        case .unreadable: "unreadable"
        case .tooLarge: "too-large"
        case .unresponsive: "unresponsive"
        }
    }

    /// One line for an operator.
    package var description: String {
        switch self {
        case .foreign: "the state file is not one of this program"
        case .newerFormat(let version):
            "the state has format \(version), which is of a newer release; this one reads format \(StateSchema.version)"
        case .olderFormat(let version):
            "the state has format \(version), which is of an older release; this one reads format \(StateSchema.version)"
        case .incomplete: "the state was not saved to its end"
        case .abandoned(let reason): "the state was given up: \(reason)"
        case .otherTable(let name): "the state is of table \(name)"
        case .otherKeySchema: "the state is of a table with another primary key"
        case .otherStream(let streamARN): "the state is of another stream, \(streamARN)"
        case .otherIgnoredAttributes(let patterns):
            patterns.isEmpty
                ? "the state was saved without --ignore-attributes"
                : "the state was saved with --ignore-attributes '\(patterns)'"
        case .tooOld(let seconds):
            "the stream was last read \(StateRejection.hours(seconds)) h ago, and keeps its records for 24 h"
        case .fromTheFuture(let seconds):
            "the state was saved \(seconds) s in the future by this machine's clock, so its age is not known"
        case .damaged(let what): "the state is damaged: \(what)"
        case .unreadable(let reason): "the state cannot be read: \(reason)"
        case .tooLarge(let reason): "the state does not fit into memory: \(reason)"
        case .unresponsive(let seconds):
            "reading the state made no progress for \(seconds) s: its volume does not respond"
        }
    }

    private static func hours(_ seconds: Int64) -> String { "\(seconds / 3_600).\(seconds % 3_600 * 10 / 3_600)" }
}

/// The reason for which a state could not be saved. The replica continues without, and saving is tried again.
package struct StateTrouble: Error, Sendable, Hashable, CustomStringConvertible {
    /// The failed operation, its subject and the reason.
    package let description: String

    package init(_ description: String) { self.description = description }

    init(_ operation: String, _ path: String, _ error: SQLiteError) {
        description = "\(operation) \(path) failed: \(error.message)\(StateTrouble.place(path, error))"
    }

    /// Adds to SQLite's message whether a place cannot be written because of its volume or the user's rights.
    private static func place(_ path: String, _ error: SQLiteError) -> String {
        guard [SQLITE_READONLY, SQLITE_CANTOPEN, SQLITE_IOERR, SQLITE_PERM].contains(error.code) else { return "" }
        var volume = statvfs()
        if statvfs(path, &volume) == 0, volume.f_flag & UInt(ST_RDONLY) != 0 { return ", the volume is read-only" }
        let directory = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        for place in [path, directory] where access(place, W_OK) != 0 && errno == EACCES {
            return ", this user may not write to \(place)"
        }
        return ""
    }
}
