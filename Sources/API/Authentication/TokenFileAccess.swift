import Basics
import Glibc

/// What tells one content of a file from another without reading it. The change time is among it because nobody can set it back:
/// `cp -p`, tar and rsync restore the modification time, and rotated tokens have equal lengths.
struct TokenFileStamp: Sendable, Hashable {
    private var device: UInt64
    private var inode: UInt64
    private var size: Int64
    private var modified: [Int]
    private var changed: [Int]
    private var mode: UInt32

    fileprivate init(_ status: stat) {
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        size = Int64(status.st_size)
        modified = [status.st_mtim.tv_sec, status.st_mtim.tv_nsec]
        changed = [status.st_ctim.tv_sec, status.st_ctim.tv_nsec]
        mode = UInt32(status.st_mode)
    }
}

/// What the store asks of the file system; tests put another one in its place. Both may block for as long as the file system does.
struct TokenFileAccess: Sendable {
    /// The stamp of the file under a path; nil when it cannot be asked.
    var stamp: @Sendable (_ path: String) -> TokenFileStamp?
    /// The whole file, at most `AuthenticationLimits.fileBytes`.
    var read: @Sendable (_ path: String) throws(TokenFileError) -> [UInt8]

    static let system = TokenFileAccess(
        stamp: { path in
            var status = stat()
            return stat(path, &status) == 0 ? TokenFileStamp(status) : nil
        },
        read: { path throws(TokenFileError) in try readRegularFile(path) }
    )

    /// Reads a file that must be a regular one: opening a FIFO would wait for a writer, and a directory or device has no tokens.
    private static func readRegularFile(_ path: String) throws(TokenFileError) -> [UInt8] {
        do throws(BoundedFile.Failure) {
            return try BoundedFile.read(path, limit: AuthenticationLimits.fileBytes, isRegular: true)
        } catch {
            switch error {
            case .notRegular: throw TokenFileError("\(error.reason); put a file of tokens in its place")
            case .tooLarge(let limit): throw TokenFileError("it is larger than \(limit) bytes")
            case .missing, .system: throw TokenFileError(error.reason)
            }
        }
    }
}
