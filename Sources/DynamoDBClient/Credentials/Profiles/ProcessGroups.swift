import Basics
import Glibc
import Synchronization

/// The process groups of the programs that are run for keys. They end with this process: nobody would wait for their keys any more, and a
/// program that hangs would outlive the service.
package final class ProcessGroups: Sendable {
    /// Those of this process.
    package static let shared = ProcessGroups()

    private struct State {
        var running: Set<pid_t> = []
        /// Programs that are being started, and have no number yet.
        var starting = 0
        var isClosed = false
    }

    private let state = Mutex(State())

    /// Starting a program takes milliseconds, unless it is on a volume that hangs.
    private static let patience: Duration = .milliseconds(200)
    private static let tick: Duration = .milliseconds(5)

    /// Starts a program by `spawn`, as the leader of a group of its own. Throws ECANCELED when this process is ending.
    func start(
        _ spawn: () throws(ChildProcess.NotStarted) -> pid_t
    ) throws(ChildProcess.NotStarted) -> pid_t {
        // Not under the lock, which `endAll` must get whatever hangs.
        let isClosed = state.withLock { state in
            if !state.isClosed { state.starting += 1 }
            return state.isClosed
        }
        guard !isClosed else { throw ChildProcess.NotStarted(number: ECANCELED) }
        let outcome = Result { () throws(ChildProcess.NotStarted) in try spawn() }
        state.withLock { state in
            state.starting -= 1
            guard case .success(let process) = outcome else { return }
            state.running.insert(process)
            if state.isClosed { Self.kill(process) }
        }
        return try outcome.get()
    }

    /// How the leader ended; nil while it runs.
    func ending(of process: pid_t) -> ChildProcess.Ending? {
        // The number may be another process's as soon as it was waited for, so both happen under the lock.
        state.withLock { state in
            var status: Int32 = 0
            while true {
                let ended = waitpid(process, &status, WNOHANG)
                if ended == 0 { return nil }
                if ended < 0, errno == EINTR { continue }
                state.running.remove(process)
                return ended < 0 ? .unknown : ChildProcess.Ending(waitStatus: status)
            }
        }
    }

    /// Kills a group, and waits for its leader.
    func end(_ process: pid_t) {
        state.withLock { if $0.running.contains(process) { Self.kill(process) } }
        var information = siginfo_t()
        while waitid(P_PID, id_t(bitPattern: process), &information, WEXITED | WNOWAIT) < 0, errno == EINTR {}
        _ = ending(of: process)
    }

    /// Kills all groups, and lets no other begin. To be called when this process ends. Takes a fifth of a second at most.
    package func endAll() {
        let deadline = SystemClock.continuous() + Self.patience
        while true {
            let isStarting = state.withLock { state in
                state.isClosed = true
                for process in state.running { Self.kill(process) }
                return state.starting > 0
            }
            guard isStarting, SystemClock.continuous() < deadline else { return }
            _ = poll(nil, 0, Self.tick.millisecondsToWait)
        }
    }

    private static func kill(_ process: pid_t) {
        _ = Glibc.kill(-process, SIGKILL)
        _ = Glibc.kill(process, SIGKILL)
    }
}
