import CLinux
import Glibc

/// The file of a Unix socket, which stays when its process is killed.
struct SocketFile: Sendable, Hashable {
    /// How often the lock of the directory is tried, and the pause between two tries. Then the file is taken without it.
    private static let lockAttempts = 100
    private static let lockPauseMicroseconds: UInt32 = 10_000

    let path: String
    private let device: dev_t
    private let inode: ino_t

    /// Binds a socket to a path and listens there. A file that a process left there when it died is replaced. Throws for one that another
    /// process listens on, and for all that is no socket, which also means a symbolic link.
    static func bind(
        _ descriptor: Int32,
        to address: SocketAddress,
        mode: UInt32,
        backlog: Int32
    ) throws(ListeningFailure) -> SocketFile {
        let path = address.path ?? ""
        // Two processes that start at the same time must not each take the other's new file for a left one.
        let directory = lockDirectory(of: path)
        defer { if directory >= 0 { closeDescriptor(directory) } }
        try removeLeftFile(at: path, address)
        try call { address.withSocketAddress { Glibc.bind(descriptor, $0, $1) } }
        do throws(ListeningFailure) {
            var status = stat()
            try call { lstat(path, &status) }
            // Nobody can connect before listen(2), so the mode that the umask left has let nobody in.
            try call { fchmodat(AT_FDCWD, path, mode_t(mode), AT_SYMLINK_NOFOLLOW) }
            try call { listen(descriptor, backlog) }
            return SocketFile(path: path, device: status.st_dev, inode: status.st_ino)
        } catch {
            unlink(path)
            throw error
        }
    }

    /// Removes the file, unless another one has its path by now.
    func remove() {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_dev == device, status.st_ino == inode else { return }
        unlink(path)
    }

    private static func removeLeftFile(at path: String, _ address: SocketAddress) throws(ListeningFailure) {
        var status = stat()
        switch systemCall({ lstat(path, &status) }) {
        case .failed(ENOENT): return
        case .failed(let code): throw .call(SystemCallError(code: code))
        case .done, .wouldBlock: break
        }
        guard status.st_mode & S_IFMT == S_IFSOCK else { throw .notASocket }
        let client = Int32(try call { linux_stream_socket(AF_UNIX) })
        defer { closeDescriptor(client) }
        switch systemCall({ address.withSocketAddress { connect(client, $0, $1) } }) {
        case .failed(ECONNREFUSED): try call { unlink(path) }
        // Its process has ended since and taken the file with it.
        case .failed(ENOENT): return
        case .failed(EACCES): throw .call(SystemCallError(code: EACCES))
        // Also where its queue of connections is full, and where it is a socket of another type.
        case .done, .wouldBlock, .failed: throw .call(SystemCallError(code: EADDRINUSE))
        }
    }

    private static func lockDirectory(of path: String) -> Int32 {
        let directory = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "/"
        let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return descriptor }
        for _ in 0..<lockAttempts {
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { break }
            usleep(lockPauseMicroseconds)
        }
        return descriptor
    }

    @discardableResult
    private static func call<Result: FixedWidthInteger>(_ call: () -> Result) throws(ListeningFailure) -> Int {
        do throws(SystemCallError) { return try systemCallOrError(call) } catch { throw .call(error) }
    }
}

/// Why a socket could not be opened.
enum ListeningFailure: Error, Equatable {
    case call(SystemCallError)
    /// The path is that of another kind of file.
    case notASocket
}
