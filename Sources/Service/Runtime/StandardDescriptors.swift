import Glibc

/// Keeps descriptors 0, 1 and 2 for standard input, output and error.
///
/// A launcher may start a program with some of them closed (`<&-`, a careless daemon). The next file or socket that the program opens
/// takes the lowest free number (POSIX open(2)), and what is written to standard error would go to that file or to a client.
enum StandardDescriptors {
    private static let null = "/dev/null"

    /// Opens `/dev/null` on those of the three that are closed. To be called before the program opens anything.
    static func fill() { fill(with: null) }

    /// The same with another path, for tests. Where it cannot be opened, as in a root without `/dev`, a reference to `/` takes the number:
    /// reading and writing fail then, and nothing else can take it.
    static func fill(with path: String) {
        for number in STDIN_FILENO...STDERR_FILENO where fcntl(number, F_GETFD) < 0 {
            // As those that a process inherits: open across exec.
            let opened = open(path, number == STDIN_FILENO ? O_RDONLY : O_WRONLY)
            occupy(number, opened >= 0 ? opened : open("/", O_RDONLY | O_DIRECTORY))
        }
    }

    private static func occupy(_ number: Int32, _ opened: Int32) {
        guard opened >= 0, opened != number else { return }
        dup2(opened, number)
        close(opened)
    }
}
