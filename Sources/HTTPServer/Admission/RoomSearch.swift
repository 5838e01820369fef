import Synchronization

/// The way of a connection that found every place taken: from event loop to event loop, until one has an idle connection to close
/// for it. The last refuses it.
final class RoomSearch: Sendable {
    /// Which limit was reached. At the limit of one address only a connection of that address makes room.
    let reason: HTTPRefusal
    private let loops: [EventLoopHandle]
    private let next = Atomic<Int>(0)
    private let refuse: @Sendable (AcceptedConnection) -> Void
    private let ended: @Sendable () -> Void

    /// Asks `loops` in their order. `refuse` takes a connection that finds no room; `ended` is called once, when the
    /// search is over.
    init(
        _ reason: HTTPRefusal,
        loops: [EventLoopHandle],
        refuse: @escaping @Sendable (AcceptedConnection) -> Void,
        ended: @escaping @Sendable () -> Void
    ) {
        self.reason = reason
        self.loops = loops
        self.refuse = refuse
        self.ended = ended
    }

    deinit { ended() }

    /// Hands the connection to the next loop that takes it, or refuses it. The caller has counted its address.
    func resume(with accepted: AcceptedConnection) {
        while true {
            let index = next.add(1, ordering: .relaxed).oldValue
            guard index < loops.count else { return refuse(accepted) }
            if loops[index].adopt(accepted) { return }
        }
    }
}
