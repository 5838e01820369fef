import CLinux

/// The C library's allocator.
enum Allocator {
    /// Arenas for each processor: glibc's own number, which it applies to the processors of the machine.
    private static let arenasPerProcessor = 8
    /// Variables by which an operator tunes it; they win.
    private static let variables = ["MALLOC_ARENA_MAX", "GLIBC_TUNABLES"]

    /// Bounds the arenas by the processors that the process may use. Each arena keeps freed memory for itself, so those of a large machine
    /// cost a small container its memory.
    static func limitArenas(for budget: CPUBudget, environment: [String: String]) {
        guard variables.allSatisfy({ environment[$0] == nil }) else { return }
        // mallopt refuses only parameters that it does not know.
        _ = linux_limit_arenas(Int32(clamping: budget.processors * arenasPerProcessor))
    }

    /// Bytes of the heap that are allocated and not freed (mallinfo(3)), which takes the time of a walk through the heap.
    static var usedBytes: Int64 { Int64(clamping: linux_heap_in_use()) }

    /// Gives freed memory back to the system, which takes the time of a walk through the heap.
    static func release() { _ = linux_release_memory() }
}
