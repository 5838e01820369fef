import Synchronization

/// The status any thread may read, written by replication alone.
final class StatusBoard: Sendable {
    private let value: Mutex<ReplicationStatus>

    init(_ status: ReplicationStatus) { value = Mutex(status) }

    var status: ReplicationStatus { value.withLock { $0 } }

    /// A part of the status, without a copy of the rest.
    func read<Part>(_ body: (borrowing ReplicationStatus) -> Part) -> Part { value.withLock { body($0) } }

    func update(_ body: (inout ReplicationStatus) -> Void) { value.withLock { body(&$0) } }
}
