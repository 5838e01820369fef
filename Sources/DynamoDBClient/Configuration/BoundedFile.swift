import Glibc

/// Reads whole files that must not be larger than a bound.
enum BoundedFile {
    enum Failure: Error, Hashable {
        case missing
        case tooLarge(limit: Int)
        case system(errno: Int32)

        /// The cause, for an operator.
        var reason: String {
            switch self {
            case .missing: "the file does not exist"
            case .tooLarge(let limit): "the file is larger than \(limit) bytes"
            case .system(let number): String(cString: strerror(number))
            }
        }
    }

    /// The whole file.
    static func read(_ path: String, limit: Int) throws(Failure) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            let number = errno
            throw number == ENOENT || number == ENOTDIR ? .missing : .system(errno: number)
        }
        defer { _ = Glibc.close(descriptor) }
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
}
