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
        /// Bytes handed to connections, compressed where they were.
        package var bytesTotal = 0
        /// Bytes that compression saved.
        package var savedBytesTotal = 0
        package var framesEncodedTotal = 0
        package var framesSharedTotal = 0
        package var resetsTotal: [ResetReason: Int] = [:]
        package var refusedTotal = 0
        package var stalledTotal = 0
        package var agedTotal = 0
    }

    private struct State {
        var reading = Reading()
        /// By what all addresses of one client have in common.
        var subscribersByAddress: [UInt64: Int] = [:]
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
    let wallMilliseconds: @Sendable () -> Int64
    private let state = Mutex(State())

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
    package var reading: Reading { state.withLock { $0.reading } }

    /// Takes a place among the subscribers for the client whose addresses have `address` in common
    /// (`HTTPRequest.clientKey`); nil when all are taken, or all that one address may have.
    package func admit(address: UInt64) -> FeedPlace? {
        let isAdmitted = state.withLock { state in
            let mine = state.subscribersByAddress[address, default: 0]
            guard state.reading.subscribers < limits.maximumSubscribers, mine < limits.perAddress else {
                state.reading.refusedTotal += 1
                return false
            }
            state.reading.subscribers += 1
            state.reading.subscribersTotal += 1
            state.subscribersByAddress[address] = mine + 1
            return true
        }
        return isAdmitted ? FeedPlace(hub: self, address: address) : nil
    }

    fileprivate func leave(address: UInt64, isStalled: Bool) {
        state.withLock { state in
            state.reading.subscribers -= 1
            if isStalled { state.reading.stalledTotal += 1 }
            let left = state.subscribersByAddress[address, default: 1] - 1
            state.subscribersByAddress[address] = left > 0 ? left : nil
        }
    }

    func countReset(_ reason: ResetReason) { state.withLock { $0.reading.resetsTotal[reason, default: 0] += 1 } }

    func countAged() { state.withLock { $0.reading.agedTotal += 1 } }

    func count(_ delivery: Delivery) {
        state.withLock { state in
            state.reading.eventsTotal += delivery.events
            state.reading.bytesTotal += delivery.bytes
            state.reading.savedBytesTotal += delivery.savedBytes
            state.reading.framesEncodedTotal += delivery.encoded
            state.reading.framesSharedTotal += delivery.shared
        }
    }
}

/// A place among the subscribers. It is given back once, at the latest with the object.
package final class FeedPlace: Sendable {
    private let hub: FeedHub
    private let address: UInt64
    private let isLeft = Atomic<Bool>(false)

    fileprivate init(hub: FeedHub, address: UInt64) {
        self.hub = hub
        self.address = address
    }

    deinit { leave(isStalled: false) }

    /// Gives the place back.
    package func leave(isStalled: Bool) {
        if isLeft.exchange(true, ordering: .relaxed) { return }
        hub.leave(address: address, isStalled: isStalled)
    }
}
