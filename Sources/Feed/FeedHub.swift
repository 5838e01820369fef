package import ReplicaStore
import Synchronization

/// What a feed says about the replica beside its contents.
package struct FeedConditions: Sendable, Hashable {
    /// Milliseconds that the replica lags behind the table; nil while unknown.
    package var lagMilliseconds: Int64?
    /// Why there is nothing to serve yet, in a sentence.
    package var reason: String
    package init(lagMilliseconds: Int64?, reason: String) {
        self.lagMilliseconds = lagMilliseconds
        self.reason = reason
    }
}

/// What all subscribers of one replica share: the store, the frames, the limits and the counts.
package final class FeedHub: Sendable {
    /// The feed's counts since the process began.
    package struct Reading: Sendable, Hashable {
        package var subscribers = 0
        package var subscribersTotal = 0
        package var eventsTotal = 0
        package var bytesTotal = 0
        package var framesEncodedTotal = 0
        package var framesSharedTotal = 0
        package var resetsTotal: [ResetReason: Int] = [:]
        package var refusedTotal = 0
        package var stalledTotal = 0
    }

    package let store: ReplicaStore
    package let limits: FeedLimits
    let frames: FrameCache
    let conditions: @Sendable () -> FeedConditions
    let wallMilliseconds: @Sendable () -> Int64
    private let counts = Mutex(Reading())

    /// `wallMilliseconds` counts since 1970 UTC. Both closures are called on event loops and must not block.
    package init(
        store: ReplicaStore,
        limits: FeedLimits = FeedLimits(),
        wallMilliseconds: @escaping @Sendable () -> Int64,
        conditions: @escaping @Sendable () -> FeedConditions
    ) {
        self.store = store
        self.limits = limits
        self.frames = FrameCache(limits: limits)
        self.wallMilliseconds = wallMilliseconds
        self.conditions = conditions
    }

    /// The counts as of now.
    package var reading: Reading { counts.withLock { $0 } }

    /// Takes a place among the subscribers; false when all are taken.
    func enter() -> Bool {
        counts.withLock { counts in
            guard counts.subscribers < limits.maximumSubscribers else {
                counts.refusedTotal += 1
                return false
            }
            counts.subscribers += 1
            counts.subscribersTotal += 1
            return true
        }
    }

    func leave(stalled: Bool) {
        counts.withLock { counts in
            counts.subscribers -= 1
            if stalled { counts.stalledTotal += 1 }
        }
    }

    func countReset(_ reason: ResetReason) { counts.withLock { $0.resetsTotal[reason, default: 0] += 1 } }

    func countDelivery(events: Int, bytes: Int, encoded: Int, shared: Int) {
        counts.withLock { counts in
            counts.eventsTotal += events
            counts.bytesTotal += bytes
            counts.framesEncodedTotal += encoded
            counts.framesSharedTotal += shared
        }
    }
}
