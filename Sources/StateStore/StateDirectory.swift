import Glibc

/// A directory that belongs to this process for as long as the value lives.
package final class StateDirectory: Sendable {
    /// The directory as it was named.
    package let path: String
    private let descriptor: Int32
    /// The file that is locked, by name.
    private let locked: String

    /// The name of the lock's file. It stays: removing it would let two processes hold a lock of that name.
    static let lockName = "tablecast.lock"
    static let fileName = "tablecast.sqlite"

    /// Takes the directory, creating it (not its parents) when it is absent. The lock goes with the process, however it ends.
    ///
    /// A directory that cannot be written to is taken all the same: saving will fail and say so, and may work later.
    package init(_ path: String) throws(StateDirectoryError) {
        var status = stat()
        if stat(path, &status) != 0 {
            guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw .unusable(path: path, reason: systemError()) }
            guard stat(path, &status) == 0 else { throw .unusable(path: path, reason: systemError()) }
        }
        guard status.st_mode & S_IFMT == S_IFDIR else { throw .notADirectory(path: path) }
        let lock = "\(path)/\(StateDirectory.lockName)"
        var descriptor = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        // A lock needs no right to write. On a read-only or full volume without the file the directory itself is as good to lock.
        if descriptor < 0 { descriptor = open(lock, O_RDONLY | O_CLOEXEC) }
        let hasFile = descriptor >= 0
        if descriptor < 0 { descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        guard descriptor >= 0 else { throw .unusable(path: path, reason: systemError()) }
        var outcome: Int32
        repeat { outcome = flock(descriptor, LOCK_EX | LOCK_NB) } while outcome != 0 && errno == EINTR
        guard outcome == 0 else {
            let number = errno
            close(descriptor)
            if number == EWOULDBLOCK { throw .inUse(path: path) }
            errno = number
            throw .unlockable(path: path, reason: systemError())
        }
        self.path = path
        self.descriptor = descriptor
        locked = hasFile ? lock : path
    }

    deinit { close(descriptor) }

    /// Whether the lock still stands for the directory of that name. It does not once somebody has removed the lock's file, or the whole
    /// directory: another process may have a new one then. A volume that cannot say leaves it as it was.
    var isCurrent: Bool {
        var (held, named) = (stat(), stat())
        guard fstat(descriptor, &held) == 0 else { return true }
        guard stat(locked, &named) == 0 else { return errno != ENOENT }
        return held.st_dev == named.st_dev && held.st_ino == named.st_ino
    }

    /// The path of the state's file.
    var filePath: String { "\(path)/\(StateDirectory.fileName)" }
}

/// Why this process cannot have a directory.
package enum StateDirectoryError: Error, Sendable, Hashable, CustomStringConvertible {
    case inUse(path: String)
    /// The system refuses the lock for another reason, as NFS does without its lock service.
    case unlockable(path: String, reason: String)
    /// Somebody removed the lock of this process. Its state is not saved over one that another process may have left there.
    case lockRemoved(path: String)
    case notADirectory(path: String)
    case unusable(path: String, reason: String)
    /// Its volume has not responded for so long.
    case unresponsive(path: String, seconds: Int64)

    /// Whether it passes without a change of the configuration: another process ends, a lock service starts.
    package var isPassing: Bool {
        switch self {
        case .inUse, .unlockable, .lockRemoved: true
        case .notADirectory, .unusable, .unresponsive: false
        }
    }

    /// One line for an operator.
    package var description: String {
        switch self {
        case .inUse(let path):
            "the state directory \(path) is in use by another process: nothing is saved until it is free. Stop the other "
                + "process, or give each one its own with --state-dir"
        case .unlockable(let path, let reason):
            "the state directory \(path) cannot be locked: \(reason). Nothing is saved until it can be. Check the volume, and "
                + "the lock service of a network volume"
        case .lockRemoved(let path):
            "the lock of the state directory \(path) was removed while it was in use, so nothing is saved any more. Start the "
                + "service again, and leave the files in the directory alone"
        case .notADirectory(let path):
            "the state directory \(path) is a file. Name a directory with --state-dir"
        case .unusable(let path, let reason):
            "the state directory \(path) cannot be used: \(reason). Its parent must exist, and this user must be allowed "
                + "to write to it"
        case .unresponsive(let path, let seconds):
            "the state directory \(path) cannot be used: its volume has not responded for \(seconds) s. Check the volume, or start "
                + "without --state-dir"
        }
    }
}

/// The text of `errno`, to be called at once after the call that failed.
private func systemError() -> String { strerror(errno).map { String(cString: $0) } ?? "unknown error" }
