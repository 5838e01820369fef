import Synchronization

/// Frees what the writer unlinks as soon as no snapshot can reach it.
///
/// Tree nodes and records are not counted one by one: retaining each entry of a copied node would cost more than the rest of a
/// write. Instead each live snapshot has a list of what was unlinked while it was the newest. When a snapshot goes, what its list
/// holds is freed if it was born after the snapshot before, and otherwise joins that one's list. So an old snapshot that somebody
/// keeps pins what it can reach itself and nothing of the versions since. A writer's step costs one uncontended lock.
final class Reclaimer: Sendable {
    /// A live snapshot.
    private struct Version {
        let stamp: UInt64
        let seq: UInt64
        var unlinked: [Garbage] = []
    }

    private struct State {
        /// Oldest first.
        var versions: [Version] = []
        /// Both trees of the last version, which hold the same records, once the writer has gone.
        var rest: (RecordTree, RecordTree)?
    }

    private let state = Mutex(State())

    /// Notes a snapshot that sees the nodes up to `stamp` and the records up to `seq`. Ends with `end(stamp:)`.
    func begin(stamp: UInt64, seq: UInt64) {
        state.withLock { $0.versions.append(Version(stamp: stamp, seq: seq)) }
    }

    /// Ends a snapshot and frees what only it could reach.
    func end(stamp: UInt64) {
        let free = state.withLock { state -> [Garbage] in
            guard let index = state.versions.firstIndex(where: { $0.stamp == stamp }) else { return [] }
            let ended = state.versions.remove(at: index)
            if index == 0 { return ended.unlinked }
            let before = state.versions[index - 1]
            var free: [Garbage] = []
            for garbage in ended.unlinked {
                if garbage.isReachable(stamp: before.stamp, seq: before.seq) {
                    state.versions[index - 1].unlinked.append(garbage)
                } else {
                    free.append(garbage)
                }
            }
            return free
        }
        for garbage in free { garbage.free() }
    }

    /// Frees a node or a separator, now or when no snapshot can reach it. Both begin with their stamp.
    func retire(block: UnsafeMutableRawPointer) { retire(Garbage(block: block)) }

    /// Gives up the trees' reference to a record, now or when no snapshot can reach it.
    func retire(record: Unmanaged<RecordStorage>) { retire(Garbage(record: record)) }

    private func retire(_ garbage: Garbage) {
        let isFree = state.withLock { state in
            guard let newest = state.versions.indices.last,
                garbage.isReachable(stamp: state.versions[newest].stamp, seq: state.versions[newest].seq)
            else { return true }
            state.versions[newest].unlinked.append(garbage)
            return false
        }
        if isFree { garbage.free() }
    }

    /// Leaves the trees to the snapshots that are left: they are freed when those have gone.
    func retire(all tree: RecordTree, _ other: RecordTree) {
        state.withLock { $0.rest = (tree, other) }
    }

    deinit {
        guard let (tree, other) = state.withLock({ $0.rest }) else { return }
        tree.freeNodes(andRecords: true)
        other.freeNodes(andRecords: false)
    }
}

/// Something unlinked: an address, with the lowest bit set for a record. Blocks and records are aligned to more than that.
private struct Garbage: Sendable {
    private let bits: UInt

    init(block: UnsafeMutableRawPointer) { bits = UInt(bitPattern: block) }
    init(record: Unmanaged<RecordStorage>) { bits = UInt(bitPattern: record.toOpaque()) | 1 }

    private var address: UnsafeMutableRawPointer {
        // Proven: `bits` was made from a pointer, which is not null.
        UnsafeMutableRawPointer(bitPattern: bits & ~1).unsafelyUnwrapped
    }

    private var record: Unmanaged<RecordStorage>? {
        bits & 1 == 0 ? nil : Unmanaged<RecordStorage>.fromOpaque(address)
    }

    /// Whether it existed when the snapshot of `stamp` and `seq` was taken.
    func isReachable(stamp: UInt64, seq: UInt64) -> Bool {
        guard let record else { return address.load(as: UInt64.self) <= stamp }
        return record._withUnsafeGuaranteedRef { $0.header.seq } <= seq
    }

    func free() {
        guard let record else { return address.deallocate() }
        record.release()
    }
}
