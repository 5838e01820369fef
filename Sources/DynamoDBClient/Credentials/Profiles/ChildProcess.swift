import Basics
import CLinux
import Glibc

/// A program that is run to its end for what it writes. No shell is involved, and its standard input is empty.
///
/// The program has a process group of its own, the signal dispositions of a fresh process, and no descriptor but the three standard ones.
struct ChildProcess {
    /// How the program ended.
    enum Ending: Hashable {
        /// By itself, with a status.
        case exited(Int32)
        /// By a signal.
        case signalled(Int32)
        /// By itself, and the system has no status, because this process ignores SIGCHLD.
        case unknown
        /// It was killed at the time limit.
        case overdue
        /// It was killed because it wrote more than its share.
        case tooMuchOutput
    }

    /// The program was not started; the system's error number.
    struct NotStarted: Error, Hashable {
        let number: Int32
    }

    /// The outcome of the program.
    struct Outcome {
        var ending: Ending
        /// Standard output.
        var output: [UInt8] = []
        /// The end of standard error.
        var complaint: [UInt8] = []
    }

    /// The program, searched in this process's PATH where it has no slash, and its arguments. Without NUL.
    let words: [String]
    let environment: [String: String]
    /// Bytes of standard output.
    let outputBytes: Int
    /// Bytes of standard error that are kept.
    let complaintBytes: Int
    let timeLimit: Duration
    /// Ends the program with this process.
    var groups = ProcessGroups.shared

    /// How long the end of the program goes unseen: nothing announces it to `poll`, and descendants may hold the pipes open.
    private static let tick: Duration = .milliseconds(10)

    /// Runs the program, and blocks until it has ended or `timeLimit` has passed. Then the whole group is killed. Descendants that outlive
    /// a program that ended by itself are left alone.
    func run() throws(NotStarted) -> Outcome {
        let deadline = SystemClock.continuous() + timeLimit
        var output = try Pipe()
        defer { output.close() }
        var complaint = try Pipe()
        defer { complaint.close() }
        let process = try groups.start { () throws(NotStarted) in
            try start(output: output.writeEnd, complaint: complaint.writeEnd)
        }
        output.closeWriteEnd()
        complaint.closeWriteEnd()
        var outcome = Outcome(ending: .unknown)
        while true {
            let rest = deadline - SystemClock.continuous()
            Self.wait(for: [output.readEnd, complaint.readEnd], atMost: min(rest, Self.tick))
            // The end is looked for first, so that all that was written before it is read.
            let ending = groups.ending(of: process)
            output.read { outcome.output += $0 }
            complaint.read { bytes in
                outcome.complaint += bytes
                outcome.complaint.removeFirst(max(0, outcome.complaint.count - complaintBytes))
            }
            if let ending { outcome.ending = ending }
            if outcome.output.count > outputBytes {
                outcome.ending = .tooMuchOutput
            } else if ending == nil {
                guard rest <= .zero else { continue }
                outcome.ending = .overdue
            }
            if ending == nil { groups.end(process) }
            return outcome
        }
    }

    private func start(output: Int32, complaint: Int32) throws(NotStarted) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_adddup2(&actions, complaint, 2)
        linux_spawn_close_from(&actions, 3)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(
            &attributes,
            Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF)
        )
        var arguments = words.map { strdup($0) }
        var variables = environment.map { strdup("\($0.key)=\($0.value)") }
        defer { for text in arguments + variables { free(text) } }
        arguments.append(nil)
        variables.append(nil)
        var process: pid_t = 0
        let number = posix_spawnp(&process, words.first ?? "", &actions, &attributes, arguments, variables)
        guard number == 0 else { throw NotStarted(number: number) }
        return process
    }

    private static func wait(for descriptors: [Int32], atMost duration: Duration) {
        // `poll` passes over a descriptor of -1.
        var entries = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        _ = poll(&entries, nfds_t(entries.count), duration.millisecondsToWait)
    }
}

extension ChildProcess.Ending {
    /// Reads a status of `waitpid`, as WIFEXITED, WEXITSTATUS and WTERMSIG do.
    init(waitStatus status: Int32) {
        let signal = status & 0x7F
        self = signal == 0 ? .exited(status >> 8 & 0xFF) : .signalled(signal)
    }
}

/// A pipe that a child process writes to.
private struct Pipe {
    private(set) var readEnd: Int32
    private(set) var writeEnd: Int32

    init() throws(ChildProcess.NotStarted) {
        var ends: [Int32] = [-1, -1]
        guard linux_pipe(&ends) == 0 else { throw ChildProcess.NotStarted(number: errno) }
        (readEnd, writeEnd) = (ends[0], ends[1])
        // Of this end alone: the other one is the program's.
        _ = fcntl(readEnd, F_SETFL, O_NONBLOCK)
    }

    /// Takes what is there, and closes the pipe at its end.
    mutating func read(_ take: ([UInt8]) -> Void) {
        var chunk = [UInt8](repeating: 0, count: 16 << 10)
        // Bounded, so that a program that never stops writing does not keep its time limit from being seen.
        for _ in 0..<64 where readEnd >= 0 {
            let count = Glibc.read(readEnd, &chunk, chunk.count)
            if count > 0 {
                take(Array(chunk[..<count]))
            } else if count == 0 {
                closeReadEnd()
            } else if errno != EINTR {
                return
            }
        }
    }

    mutating func closeWriteEnd() {
        if writeEnd >= 0 { _ = Glibc.close(writeEnd) }
        writeEnd = -1
    }

    private mutating func closeReadEnd() {
        if readEnd >= 0 { _ = Glibc.close(readEnd) }
        readEnd = -1
    }

    mutating func close() {
        closeWriteEnd()
        closeReadEnd()
    }
}
