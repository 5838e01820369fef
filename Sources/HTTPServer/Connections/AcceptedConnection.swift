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
    /// Takes over the connection where the client that its PROXY header names has as many as it may; set until that header has come.
    var gate: ProbeGate?
    /// Set for a connection beyond the limits, which is not counted and serves this request alone.
    var probe: Probe?
}
