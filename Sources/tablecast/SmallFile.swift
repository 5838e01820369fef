import Glibc

/// Files of a few bytes: a token, a position.
enum SmallFile {
    /// The first `limit` bytes; nil with `errno` set when there is no such file, or it cannot be read.
    static func read(_ path: String, limit: Int) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: limit)
        let count = bytes.withUnsafeMutableBytes { Glibc.read(file, $0.baseAddress, $0.count) }
        guard count >= 0 else { return nil }
        return Array(bytes.prefix(count))
    }

    /// Puts a file in the place of `path` at once: a reader, and a crash, meet the old contents or the new ones. 0, or the `errno` of what
    /// failed; then the old contents stay.
    static func replace(_ path: String, with text: String) -> Int32 {
        let draft = "\(path).\(getpid()).new"
        let file = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard file >= 0 else { return errno }
        var reason = writeAll(Array(text.utf8), to: file)
        // Without this a crash of the machine can leave the new name with nothing in it; and a full disk may be told only now.
        if reason == 0, fsync(file) != 0 { reason = errno }
        if close(file) != 0, reason == 0 { reason = errno }
        if reason == 0, rename(draft, path) != 0 { reason = errno }
        if reason != 0 { unlink(draft) }
        return reason
    }

    private static func writeAll(_ bytes: [UInt8], to file: Int32) -> Int32 {
        bytes.withUnsafeBytes { bytes in
            var sent = 0
            while sent < bytes.count {
                let count = write(file, bytes.baseAddress.map { $0 + sent }, bytes.count - sent)
                if count > 0 {
                    sent += count
                } else if count == 0 {
                    return ENOSPC
                } else if errno != EINTR {
                    return errno
                }
            }
            return 0
        }
    }
}
