import ReplicaStore

/// Bounds what a slow reader keeps in memory by reading an old snapshot: by time, and by the bytes that were replaced since. All
/// readers together keep no more than was replaced since the oldest of their snapshots, so the bound of each is one for all.
/// Confined to the event loop of its response.
final class SnapshotPin {
    private let store: ReplicaStore
    private let snapshot: StoreSnapshot
    private let bytes: Int
    private let duration: Duration
    private var deadline: Duration?

    /// At most `bytes` may be replaced after `snapshot`, and `duration` pass from the first look.
    init(_ snapshot: StoreSnapshot, in store: ReplicaStore, bytes: Int, duration: Duration) {
        self.store = store
        self.snapshot = snapshot
        self.bytes = bytes
        self.duration = duration
    }

    /// Whether the reader must give the snapshot up, at the server's suspending time `now`.
    func isExceeded(now: Duration) -> Bool {
        let end = deadline ?? now + duration
        deadline = end
        if now >= end { return true }
        guard let newest = store.snapshot else { return false }
        return snapshot.bytesKept(beside: newest) > bytes
    }
}
