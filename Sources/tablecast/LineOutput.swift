import FeedClient
import Glibc
import Service
import Synchronization

/// Standard output and standard error of a command that prints as events come: lines are gathered and handed on once a piece of the feed.
final class LineOutput: Sendable {
    private let gathered = Mutex<(output: [UInt8], errors: [UInt8])>(([], []))
    private let isQuiet: Bool

    /// `isQuiet` leaves out the notes.
    init(isQuiet: Bool) { self.isQuiet = isQuiet }

    func take(_ line: TailRenderer.Line) {
        let isQuiet = isQuiet
        gathered.withLock { gathered in
            switch line {
            case .change(let text):
                gathered.output += text.utf8
                gathered.output.append(UInt8(ascii: "\n"))
            case .note(let text):
                guard !isQuiet else { return }
                gathered.errors += "-- \(text)\n".utf8
            }
        }
    }

    /// Takes whole lines for standard output.
    func take(text: String) { gathered.withLock { $0.output += text.utf8 } }

    /// Writes what was gathered. That the reader has gone is an end like any other, a full disk is not.
    func flush() -> TailSession.Delivery {
        let (output, errors) = gathered.withLock { gathered in
            let taken = gathered
            gathered = ([], [])
            return taken
        }
        // Notes that nobody reads are no reason to stop.
        _ = Self.write(errors, to: STDERR_FILENO)
        let reason = Self.write(output, to: STDOUT_FILENO)
        switch reason {
        case 0: return .taken
        case EPIPE: return .readerGone
        default:
            return .failed(
                "writing to standard output failed: \(String(cString: strerror(reason))). "
                    + "Free some space there, or send the output elsewhere, and run it again."
            )
        }
    }

    /// Writes a whole text to standard output. Throws where that fails; a reader that has gone is no failure.
    static func print(_ text: String) throws(StartUpError) {
        let output = LineOutput(isQuiet: false)
        output.take(text: text)
        if case .failed(let words) = output.flush() { throw StartUpError(.failure, words) }
    }

    /// Whether the reader of standard output has gone, as `head` does.
    static var isReaderGone: Bool {
        var output = pollfd(fd: STDOUT_FILENO, events: 0, revents: 0)
        return poll(&output, 1, 0) > 0 && output.revents & Int16(POLLERR) != 0
    }

    /// Writes all bytes; 0, or the `errno` of what failed.
    private static func write(_ bytes: [UInt8], to file: Int32) -> Int32 {
        bytes.withUnsafeBytes { bytes in
            var sent = 0
            while sent < bytes.count {
                let count = Glibc.write(file, bytes.baseAddress.map { $0 + sent }, bytes.count - sent)
                if count > 0 {
                    sent += count
                } else if errno == EAGAIN {
                    // Somebody made the descriptor non-blocking; wait for room.
                    var room = pollfd(fd: file, events: Int16(POLLOUT), revents: 0)
                    _ = poll(&room, 1, 1_000)
                } else if errno != EINTR {
                    return errno
                }
            }
            return 0
        }
    }
}
