import Glibc
import Synchronization

/// Signals that come before the program listens for them: while the command line and the file of options are read.
///
/// A hang-up asks to read files again, and its default action would end the process. It is kept until `StopSignals` listens. A stop ends the
/// process: nothing has begun yet. As process 1 of a container that takes a handler, since the kernel drops what has the default action.
enum HeldSignals {
    private static let hangUp = Atomic<Bool>(false)
    private static let stops = [SIGTERM, SIGINT, SIGQUIT]

    /// Begins to keep hang-ups, unless they are ignored from the start, as under `nohup`. To be called first thing in the program.
    static func hold() {
        // Made before a handler needs it: what a handler may do is bounded (signal-safety(7)).
        hangUp.store(false, ordering: .relaxed)
        if !isIgnored(SIGHUP) { signal(SIGHUP) { _ in HeldSignals.hangUp.store(true, ordering: .relaxed) } }
        guard getpid() == 1 else { return }
        for number in stops where !isIgnored(number) { signal(number) { _exit(128 + $0) } }
    }

    /// Whether a hang-up came since `hold`. It counts once.
    static func takeHangUp() -> Bool { hangUp.exchange(false, ordering: .relaxed) }

    /// Gives hang-ups their default action, for a command that listens for no signals. One that was kept takes effect now.
    static func release() {
        guard !isIgnored(SIGHUP) else { return }
        signal(SIGHUP, SIG_DFL)
        if takeHangUp() { kill(getpid(), SIGHUP) }
    }

    /// Whether the process ignores a signal.
    static func isIgnored(_ number: Int32) -> Bool {
        var action = sigaction()
        guard sigaction(number, nil, &action) == 0 else { return false }
        // A handler is a C function pointer, one word, and so is an optional one; SIG_IGN is the word 1 (signal.h), and never called.
        return unsafeBitCast(action.__sigaction_handler.sa_handler, to: UInt.self) == 1
    }
}
