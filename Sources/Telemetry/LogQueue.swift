import Basics
import Dispatch
import Glibc
import Synchronization

/// Every bound of one log in a `LogQueue`, with what happens at it.
package struct LogQueueLimits: Sendable, Hashable {
    /// Lines that wait to be written; further ones are dropped, counted and reported.
    package var waitingLines: Int
    /// Bytes of those lines; the same happens beyond.
    package var waitingBytes: Int

    /// The bounds of the service's own log unless told otherwise.
    package init(waitingLines: Int = 8_192, waitingBytes: Int = 4 << 20) {
        self.waitingLines = waitingLines
        self.waitingBytes = waitingBytes
    }
}

/// The one way of log lines out of the process. Callers put lines into bounded logs and go on; one thread writes them, in order, and
/// it alone waits for whoever reads the descriptor.
///
/// The descriptor stays blocking: `O_NONBLOCK` belongs to the open file, which other processes share.
package final class LogQueue: Sendable {
    /// Writes one line; false when it is lost. May block.
    package typealias Write = @Sendable (_ line: [UInt8]) -> Bool

    private struct Log {
        let limits: LogQueueLimits
        /// The line that reports how many were dropped.
        let report: @Sendable (Int) -> [UInt8]
        var lines = 0
        var bytes = 0
        /// Dropped and not reported yet. Its report is in the queue while it is not 0.
        var unreported = 0
    }

    private enum Entry {
        /// Of a log; counted with so many bytes.
        case line(log: Int, bytes: Int, make: @Sendable () -> [UInt8])
        case report(log: Int)
    }

    private struct State {
        var logs: [Log] = []
        var waiting: [Entry] = []
        /// How many of `waiting` have been taken.
        var taken = 0
        /// The thread is at work, or about to be.
        var isWriting = false
    }

    /// Standard error.
    package static let standardError = LogQueue { LogQueue.write($0, to: STDERR_FILENO) }
    /// Standard output, for what is said while the service runs.
    package static let standardOutput = LogQueue { LogQueue.write($0, to: STDOUT_FILENO) }

    private let write: Write
    private let thread = DispatchQueue(label: "tablecast.log")
    private let state = Mutex(State())
    private let dropped = Atomic<Int>(0)

    /// A queue without logs. `write` is called on its own thread only.
    package init(write: @escaping Write) { self.write = write }

    /// Lines of all logs that were dropped because too many waited, or that could not be written.
    package var droppedTotal: Int { dropped.load(ordering: .relaxed) }

    /// Whether nothing waits and nothing is being written.
    package var isIdle: Bool { state.withLock { !$0.isWriting } }

    /// A further log, with bounds of its own, so that a flood in one takes no room from another. `report` makes the line that
    /// says how many lines of it were dropped.
    package func log(limits: LogQueueLimits = LogQueueLimits(), report: @escaping @Sendable (Int) -> [UInt8])
        -> LogInlet
    {
        let number = state.withLock { state in
            state.logs.append(Log(limits: limits, report: report))
            return state.logs.count - 1
        }
        return LogInlet(queue: self, number: number)
    }

    /// Waits until everything that was put in is written, for at most `patience`; false when it is not. Blocks its caller: for the
    /// end of the process.
    @discardableResult
    package func flush(within patience: Duration) -> Bool {
        let deadline = SystemClock.suspending() + patience
        while !isIdle {
            guard SystemClock.suspending() < deadline else { return false }
            _ = poll(nil, 0, 1)
        }
        return true
    }

    /// Takes a line, or drops it when too many wait; never waits for the reader. `make` is called on the queue's thread.
    fileprivate func put(_ log: Int, bytes: Int, _ make: @escaping @Sendable () -> [UInt8]) -> Bool {
        let (isTaken, isFirst) = state.withLock { state in
            let limits = state.logs[log].limits
            let isTaken =
                state.logs[log].lines < limits.waitingLines && state.logs[log].bytes + bytes <= limits.waitingBytes
            if isTaken {
                state.logs[log].lines += 1
                state.logs[log].bytes += bytes
                state.waiting.append(.line(log: log, bytes: bytes, make: make))
            } else {
                // Reported behind what waits already: when the reader has come back to there.
                if state.logs[log].unreported == 0 { state.waiting.append(.report(log: log)) }
                state.logs[log].unreported += 1
            }
            defer { state.isWriting = true }
            return (isTaken, !state.isWriting)
        }
        if !isTaken { dropped.add(1, ordering: .relaxed) }
        if isFirst { thread.async { self.writeAll() } }
        return isTaken
    }

    private func writeAll() {
        while let make = next() {
            if !write(make()) { dropped.add(1, ordering: .relaxed) }
        }
    }

    /// Takes the oldest entry; nil, once, when none is left.
    private func next() -> (@Sendable () -> [UInt8])? {
        state.withLock { state in
            guard state.taken < state.waiting.count else {
                state.waiting.removeAll(keepingCapacity: state.waiting.capacity <= 1_024)
                state.taken = 0
                state.isWriting = false
                return nil
            }
            let entry = state.waiting[state.taken]
            state.taken += 1
            if state.taken >= 1_024 {
                state.waiting.removeFirst(state.taken)
                state.taken = 0
            }
            switch entry {
            case .line(let log, let bytes, let make):
                state.logs[log].lines -= 1
                state.logs[log].bytes -= bytes
                return make
            case .report(let log):
                let (count, report) = (state.logs[log].unreported, state.logs[log].report)
                state.logs[log].unreported = 0
                return { report(count) }
            }
        }
    }

    /// Writes whole lines to a descriptor; false when it cannot be written to. There is nowhere left to say so.
    private static func write(_ line: [UInt8], to descriptor: Int32) -> Bool {
        line.withUnsafeBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let written = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if written > 0 {
                    rest = rest.dropFirst(written)
                } else if errno == EAGAIN {
                    // Another process made the descriptor non-blocking.
                    var room = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    _ = poll(&room, 1, 1_000)
                } else if errno != EINTR {
                    return false
                }
            }
            return true
        }
    }
}

/// Where the lines of one log go into a `LogQueue`.
package struct LogInlet: Sendable {
    package let queue: LogQueue
    fileprivate let number: Int

    /// Takes a whole line, line feed included; false when it was dropped. Never waits for the reader of the log.
    @discardableResult
    package func put(_ line: [UInt8]) -> Bool { queue.put(number, bytes: line.count) { line } }

    /// Takes a line that is made on the queue's thread, and counts with `bytes` until then; false when it was dropped.
    package func put(bytes: Int, _ make: @escaping @Sendable () -> [UInt8]) -> Bool {
        queue.put(number, bytes: bytes, make)
    }
}
