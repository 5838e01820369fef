import Glibc

/// Lines on standard output and standard error.
enum Output {
    /// Prints a line at once: a pipe would otherwise keep it in a buffer.
    static func say(_ line: String) {
        print(line)
        fflush(nil)
    }

    /// Prints a line to standard error.
    static func complain(_ line: String) {
        let bytes = Array("\(line)\n".utf8)
        // The process ends next: nothing is left to do where nobody reads it.
        _ = write(STDERR_FILENO, bytes, bytes.count)
    }
}
