import CLinux
import Glibc

/// What a crash leaves behind: a core holds the memory of the process, and with it the table and its tokens. The Swift runtime's backtrace
/// shows what registers point to.
enum CrashDumps {
    /// The signals of a crash that the Swift runtime handles when it prints backtraces. SIGQUIT is no crash.
    private static let crashes = [SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP]

    /// From now on a crash leaves neither a core with memory in it nor a backtrace, only the runtime's line and the signal's status.
    static func forbid() {
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        _ = setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
        // Where the kernel hands cores to a program it asks for no limit; without any kind of mapping such a core has no memory.
        let descriptor = open("/proc/self/coredump_filter", O_WRONLY | O_CLOEXEC)
        if descriptor >= 0 {
            _ = write(descriptor, "0", 1)
            close(descriptor)
        }
        // Last, since the files of /proc above belong to root from then on. A kernel's handler then gets no core at all, and other processes
        // of this user see neither the memory nor the environment with its keys.
        _ = linux_forbid_dumps()
        for number in crashes { signal(number, SIG_DFL) }
    }
}
