/// A connection that the listener has accepted, on its way to an event loop.
struct AcceptedConnection: Sendable {
    /// A health probe's request, and the slot that its connection has.
    struct Probe: Sendable {
        let head: RequestHead
        let slot: ProbeSlots.Slot
    }

    let descriptor: Int32
    var origin: ConnectionOrigin
    /// Set where every place was taken.
    var search: RoomSearch?
    /// Set for a connection beyond the limits, which is not counted and serves this request alone.
    var probe: Probe?
}
