import Basics
import Replication
import Synchronization

/// The memory of this process and its limit, as the kernel tells them now.
final class MemoryGauge: Sendable {
    /// How long a limit holds before it is read again: a container's can be changed while it runs.
    static let interval: Duration = .seconds(5)

    private struct State {
        var limit: MemoryLimit?
        var readAt: Duration?
    }

    private let option: Int64?
    private let time: TimeSource
    private let state = Mutex(State())

    /// `option` is the value of `--max-memory`.
    init(option: Int64?, time: TimeSource) {
        self.option = option
        self.time = time
    }

    /// The limit; nil without one.
    var limit: MemoryLimit? {
        let now = time.continuous()
        return state.withLock { state in
            if let last = state.readAt, now - last < Self.interval { return state.limit }
            state.readAt = now
            state.limit = MemoryBudget.limit(option: option)
            return state.limit
        }
    }

    /// The same as replication takes it.
    var readings: MemoryReadings {
        MemoryReadings(
            limit: { self.limit },
            used: { self.usedBytes },
            release: { Allocator.release() }
        )
    }

    /// The share of the limit from which memory is looked at closely: a walk through the heap takes time.
    private static let closeLook = 0.85

    /// Bytes in use. Memory that was freed and that the allocator keeps counts as resident, but not as used.
    private var usedBytes: Int64? {
        guard let resident = ProcessUsage.residentBytes().map(Int64.init) else { return nil }
        guard let limit, Double(resident) >= Double(limit.bytes) * Self.closeLook else { return resident }
        return min(resident, Allocator.usedBytes + TableEstimate.processBytes)
    }

    /// The bytes of records that a replay may hold.
    var replayBytes: Int { MemoryBudget.replayBytes(bound: limit.map { Int(clamping: $0.bytes) }) }

    /// The bytes that may wait for slow clients by default.
    var pendingBytes: Int { MemoryBudget.pendingBytes(bound: limit.map { Int(clamping: $0.bytes) }) }
}
