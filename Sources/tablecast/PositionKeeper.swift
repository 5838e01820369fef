import Basics
import FeedClient
import Glibc
import Service
import Synchronization

/// Keeps the position of a tail in a file over runs. A position is kept after its lines are out, so a crash repeats lines and loses none.
final class PositionKeeper: Sendable {
    private struct State {
        var kept: String?
        var keptAt: Duration?
        var trouble: String?
    }

    /// Between two writes while changes stream in; the end writes the last one.
    private static let interval: Duration = .milliseconds(500)
    private static let fileBytes = 256
    private let path: String
    private let state = Mutex(State())

    init(path: String) { self.path = path }

    /// What went wrong, if the file cannot be written.
    var trouble: String? { state.withLock { $0.trouble } }

    /// The position of an earlier run; nil when there is no file yet.
    func load() throws(StartUpError) -> String? {
        guard let bytes = SmallFile.read(path, limit: Self.fileBytes) else {
            let reason = errno
            if reason == ENOENT { return nil }
            let words = String(cString: strerror(reason))
            throw StartUpError(.usage, "the position file '\(path)' cannot be read: \(words)")
        }
        let line = bytes.prefix { $0 != UInt8(ascii: "\n") }
        guard !line.isEmpty else { return nil }
        guard line.allSatisfy({ (0x21...0x7E).contains($0) }), bytes.count < Self.fileBytes else {
            throw StartUpError(.usage, "the position file '\(path)' holds no position; remove it to begin anew")
        }
        return String(decoding: line, as: UTF8.self)
    }

    /// Keeps a position, unless one was kept a moment ago. A sentence when that has begun to fail: a tail may run for days.
    func keep(_ position: String) -> String? {
        let now = SystemClock.continuous()
        let (keptAt, before) = state.withLock { ($0.keptAt, $0.trouble) }
        if let keptAt, now - keptAt < Self.interval { return nil }
        write(position, now)
        return before == nil ? trouble : nil
    }

    /// Keeps the last position.
    func finish(_ position: String) {
        guard state.withLock({ $0.kept }) != position else { return }
        write(position, SystemClock.continuous())
    }

    private func write(_ position: String, _ now: Duration) {
        let reason = SmallFile.replace(path, with: position + "\n")
        state.withLock { state in
            state.keptAt = now
            if reason == 0 { state.kept = position }
            state.trouble =
                reason == 0
                ? nil
                : "writing the position file '\(path)' failed: \(String(cString: strerror(reason))). "
                    + "Free some space, or name another file with --position-file."
        }
    }
}
