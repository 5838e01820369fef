package import Basics
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
        /// Those of the subscribers that are followers (`ReplicaStream`).
        package var followers = 0
        package var eventsTotal = 0
        /// Bytes handed to connections, compressed where they were.
        package var bytesTotal = 0
        /// Bytes that compression saved.
        package var savedBytesTotal = 0
        package var framesEncodedTotal = 0
        package var framesSharedTotal = 0
        package var resetsTotal: [ResetReason: Int] = [:]
        /// Subscribers of other replicas that continued here.
        package var movesTotal = 0
        package var refusedTotal = 0
        package var stalledTotal = 0
        package var agedTotal = 0
    }

    /// What one turn of a subscriber delivered.
    struct Delivery {
        var events = 0
        var bytes = 0
        var savedBytes = 0
        var encoded = 0
        var shared = 0
    }

    package let store: ReplicaStore
    package let limits: FeedLimits
    let frames: FrameCache
    let views = FeedViews()
    let conditions: @Sendable () -> FeedConditions
    let source: @Sendable () -> ReplicaSource
    let wallMilliseconds: @Sendable () -> Int64
    let retryHints: RetryHints
    private let subscribers: Permits
    private let followers: Permits
    private let counts = Mutex(Reading())

    /// `wallMilliseconds` counts since 1970 UTC, and `source` says what followers are told. The closures are called on event loops and must not
    /// block. `retryHints` says when subscribers reconnect.
    package init(
        store: ReplicaStore,
        limits: FeedLimits = FeedLimits(),
        retryHints: RetryHints = .shared,
        wallMilliseconds: @escaping @Sendable () -> Int64,
        source: @escaping @Sendable () -> ReplicaSource = { ReplicaSource() },
        conditions: @escaping @Sendable () -> FeedConditions
    ) {
        self.store = store
        self.limits = limits
        self.retryHints = retryHints
        subscribers = Permits(limit: limits.maximumSubscribers, perHolder: limits.perAddress)
        followers = Permits(limit: limits.maximumFollowers, perHolder: max(1, limits.maximumFollowers / 2))
        self.frames = FrameCache(limits: limits)
        self.wallMilliseconds = wallMilliseconds
        self.conditions = conditions
        self.source = source
    }

    /// The counts as of now.
    package var reading: Reading {
        var reading = counts.withLock { $0 }
        reading.subscribers = subscribers.count
        reading.followers = followers.count
        return reading
    }

    /// A permit to subscribe, for the client whose addresses have `address` in common (`HTTPRequest.clientKey`); nil when all
    /// are in use, or all that one address may have.
    package func admit(address: UInt64) -> Permit? {
        do {
            let permit = try subscribers.take(for: address)
            counts.withLock { $0.subscribersTotal += 1 }
            return permit
        } catch {
            counts.withLock { $0.refusedTotal += 1 }
            return nil
        }
    }

    /// The same for a follower's feed, which counts as a subscriber too.
    package func admitFollower(address: UInt64) -> FollowerPermit? {
        guard let follower = try? followers.take(for: address) else {
            counts.withLock { $0.refusedTotal += 1 }
            return nil
        }
        guard let subscriber = admit(address: address) else {
            follower.release()
            return nil
        }
        return FollowerPermit(subscriber: subscriber, follower: follower)
    }

    func countStalled() { counts.withLock { $0.stalledTotal += 1 } }

    func countReset(_ reason: ResetReason) { counts.withLock { $0.resetsTotal[reason, default: 0] += 1 } }

    func countMove() { counts.withLock { $0.movesTotal += 1 } }

    func countAged() { counts.withLock { $0.agedTotal += 1 } }

    /// Counts rows that were told beside the feed, and their bytes.
    package func countRows(_ rows: Int, bytes: Int) {
        counts.withLock { reading in
            reading.eventsTotal += rows
            reading.bytesTotal += bytes
        }
    }

    func count(_ delivery: Delivery) {
        counts.withLock { reading in
            reading.eventsTotal += delivery.events
            reading.bytesTotal += delivery.bytes
            reading.savedBytesTotal += delivery.savedBytes
            reading.framesEncodedTotal += delivery.encoded
            reading.framesSharedTotal += delivery.shared
        }
    }
}
