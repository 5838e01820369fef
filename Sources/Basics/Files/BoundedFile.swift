import Glibc

/// Reads a whole file, up to a number of bytes.
package enum BoundedFile {
    /// Why a file cannot be read.
    package enum Failure: Error, Hashable {
        case missing
        /// It is of another kind, such as `a FIFO`.
        case notRegular(kind: String)
        case tooLarge(limit: Int)
        case system(errno: Int32)

        /// Whether this process may not read the file, which stays so until somebody acts.
        package var isOfPermissions: Bool { self == .system(errno: EACCES) || self == .system(errno: EPERM) }

        /// In words, for an operator.
        package var reason: String {
            switch self {
            case .missing: String(cString: strerror(ENOENT))
            case .notRegular(let kind): "it is \(kind) and not a regular file"
            case .tooLarge(let limit): "the file is larger than \(limit) bytes"
            case .system(let number): String(cString: strerror(number))
            }
        }
    }

    /// The whole file, of at most `limit` bytes. It may block for as long as its volume does, or until a FIFO has a writer;
    /// `isRegular` refuses FIFOs, directories and devices at once.
    package static func read(_ path: String, limit: Int, isRegular: Bool = false) throws(Failure) -> [UInt8] {
        // O_NONBLOCK so that a FIFO opens at once; regular files ignore it.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | (isRegular ? O_NONBLOCK | O_NOCTTY : 0))
        guard descriptor >= 0 else {
            let number = errno
            throw number == ENOENT || number == ENOTDIR ? .missing : .system(errno: number)
        }
        defer { _ = Glibc.close(descriptor) }
        if isRegular { try checkKind(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            let number = errno
            if count < 0 && number == EINTR { continue }
            guard count >= 0 else { throw .system(errno: number) }
            if count == 0 { return bytes }
            guard bytes.count + count <= limit else { throw .tooLarge(limit: limit) }
            bytes.append(contentsOf: chunk[..<count])
        }
    }

    private static func checkKind(_ descriptor: Int32) throws(Failure) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .system(errno: errno) }
        switch status.st_mode & S_IFMT {
        case S_IFREG: return
        case S_IFIFO: throw .notRegular(kind: "a FIFO")
        case S_IFDIR: throw .notRegular(kind: "a directory")
        case S_IFSOCK: throw .notRegular(kind: "a socket")
        default: throw .notRegular(kind: "a device")
        }
    }
}
