import Synchronization

/// What a connection that found every place taken needs to find one: it goes from event loop to event loop until one has an idle
/// connection to close for it, and is refused by the last.
final class RoomSearch: Sendable {
    /// Which limit was reached. At the limit of one address only a connection of that address makes room.
    let reason: HTTPRefusal
    private let loops: [EventLoop]
    private let next = Atomic<Int>(0)
    private let refuse: @Sendable (EventLoop.Accepted) -> Void
    private let ended: @Sendable () -> Void

    /// Asks `loops` in their order. `refuse` answers and closes a connection that finds no room; `ended` is called once, when the
    /// search is over.
    init(
        _ reason: HTTPRefusal,
        loops: [EventLoop],
        refuse: @escaping @Sendable (EventLoop.Accepted) -> Void,
        ended: @escaping @Sendable () -> Void
    ) {
        self.reason = reason
        self.loops = loops
        self.refuse = refuse
        self.ended = ended
    }

    deinit { ended() }

    /// Hands the connection to the next loop that takes it, or refuses it. The caller has counted its address.
    func goOn(with accepted: EventLoop.Accepted) {
        while true {
            let index = next.add(1, ordering: .relaxed).oldValue
            guard index < loops.count else { return refuse(accepted) }
            if loops[index].adopt(accepted) { return }
        }
    }
}
