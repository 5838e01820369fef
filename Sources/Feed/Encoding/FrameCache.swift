import DequeModule
import ReplicaStore
import Synchronization

/// The frames that subscribers share, by where they start. Bounded: the oldest go first.
///
/// A frame made against an older snapshot stays true: it holds states that were current then, with ids that only grow, and
/// what changed since follows after its end.
final class FrameCache: Sendable {
    private struct Key: Hashable {
        let start: UInt64
        let kind: FrameKind
        let view: UInt64
    }

    private struct State {
        var epoch: Epoch?
        var frames: [Key: FeedFrame] = [:]
        /// Keys, oldest first.
        var order = Deque<Key>()
        var bytes = 0
        var base: UInt64 = 0
        var baseTaken: Duration?
    }

    private let limits: FeedLimits
    private let state = Mutex(State())
    /// What an entry costs beside its bytes.
    private static let entryOverhead = 240

    init(limits: FeedLimits) { self.limits = limits }

    /// The frame that starts after `start`, encoded now unless it is kept; `isNew` says which.
    func frame(
        after start: UInt64,
        kind: FrameKind,
        view: FeedView,
        in snapshot: StoreSnapshot,
        now: Duration
    ) -> (frame: FeedFrame, isNew: Bool) {
        let key = Key(start: start, kind: Self.shared(kind, view), view: view.number)
        let epoch = snapshot.position.epoch
        let kept: FeedFrame? = state.withLock { state in state.epoch == epoch ? state.frames[key] : nil }
        // A reader that comes late is given the newest states, not those that others were given then.
        if let kept, isFresh(kept, kind, view, in: snapshot, now: now) { return (kept, false) }
        // Encoded outside the lock: two loops may do it twice, but none waits for the other.
        let frame = FrameEncoder.encode(
            after: start,
            kind: kind,
            view: view,
            in: snapshot,
            bounds: FrameEncoder.Bounds(bytes: limits.frameBytes, visited: limits.visitedPerFrame),
            now: now
        )
        state.withLock { state in
            enter(epoch, &state)
            if let old = state.frames.updateValue(frame, forKey: key) {
                state.bytes -= old.bytes.count + Self.entryOverhead
            } else {
                state.order.append(key)
            }
            state.bytes += frame.bytes.count + Self.entryOverhead
            while state.bytes > limits.cachedFrameBytes, !state.order.isEmpty { dropOldest(&state) }
        }
        return (frame, true)
    }

    /// Whether a kept frame is given, although there may be something newer.
    private func isFresh(
        _ frame: FeedFrame,
        _ kind: FrameKind,
        _ view: FeedView,
        in snapshot: StoreSnapshot,
        now: Duration
    ) -> Bool {
        let head = snapshot.position.seq
        if frame.asOf == head { return true }
        guard view.key.mode == .replica, kind != .steps else { return now - frame.madeAt <= limits.frameAge }
        // A pass over all rows fails when the horizon rises above what it began with, so it does not begin with what is near that.
        let horizon = snapshot.horizon
        return now - frame.madeAt <= limits.replicaFrameAge
            && frame.asOf >= horizon + (max(head, horizon) - horizon) / 2
    }

    /// What tells frames apart: where nothing can leave the filter, what the subscriber knew makes no difference.
    private static func shared(_ kind: FrameKind, _ view: FeedView) -> FrameKind {
        guard case .rows(let base, _, let end) = kind, !view.hasLeaveEvents else { return kind }
        return .rows(base: base, settled: 0, end: end)
    }

    /// A seq at most the snapshot's own, shared by everyone who connects within `snapshotBaseAge`.
    func base(for snapshot: StoreSnapshot, now: Duration) -> UInt64 {
        state.withLock { state in
            enter(snapshot.position.epoch, &state)
            // A base below the horizon would be of no use: removals after it may have been forgotten.
            let isUsable = state.base >= snapshot.horizon && state.base <= snapshot.position.seq
            if isUsable, let taken = state.baseTaken, now - taken < limits.snapshotBaseAge { return state.base }
            state.base = snapshot.position.seq
            state.baseTaken = now
            return state.base
        }
    }

    private func enter(_ epoch: Epoch, _ state: inout State) {
        if state.epoch != epoch { state = State(epoch: epoch) }
    }

    private func dropOldest(_ state: inout State) {
        guard let key = state.order.popFirst() else { return }
        if let dropped = state.frames.removeValue(forKey: key) {
            state.bytes -= dropped.bytes.count + Self.entryOverhead
        }
    }
}
