import Synchronization

/// The faults waiting for calls: first in, first out per operation.
public final class FaultQueue: Sendable {
    private struct Entry {
        let operation: SandboxOperation
        let fault: SandboxFault
        let shard: String?
        let table: String?
        var remaining: Int
    }

    private let entries = Mutex<[Entry]>([])

    init() {}

    /// Lets the next `times` calls of `operation` meet `fault`; with `shard` or `table`, only calls about that one.
    public func enqueue(
        _ operation: SandboxOperation,
        _ fault: SandboxFault,
        times: Int = 1,
        shard: String? = nil,
        table: String? = nil
    ) {
        entries.withLock {
            $0.append(Entry(operation: operation, fault: fault, shard: shard, table: table, remaining: times))
        }
    }

    /// Forgets every waiting fault.
    public func removeAll() {
        entries.withLock { $0.removeAll() }
    }

    /// How many faults still wait.
    public var waiting: Int {
        entries.withLock { $0.reduce(0) { $0 + $1.remaining } }
    }

    /// How many entries wait, each for one call or more.
    var count: Int { entries.withLock { $0.count } }

    /// Takes the fault that `call` meets, if any waits for it.
    func take(for call: SandboxCall) -> SandboxFault? {
        entries.withLock { entries in
            let match = entries.firstIndex { entry in
                entry.operation == call.operation
                    && (entry.shard == nil || entry.shard == call.shard)
                    && (entry.table == nil || entry.table == call.table)
            }
            guard let match else { return nil }
            entries[match].remaining -= 1
            let fault = entries[match].fault
            if entries[match].remaining <= 0 { entries.remove(at: match) }
            return fault
        }
    }
}
