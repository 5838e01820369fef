/// The events of a descriptor that a loop wants to hear of. Broken connections are always reported.
struct EventInterest: OptionSet {
    let rawValue: UInt32
    static let readable = EventInterest(rawValue: 1)
    static let writable = EventInterest(rawValue: 2)
    /// The peer has sent FIN, also when bytes before it are unread.
    static let peerClosed = EventInterest(rawValue: 4)
}

/// Events of one descriptor.
struct DescriptorEvent {
    let token: UInt64
    let isReadable: Bool
    let isWritable: Bool
    let isPeerClosed: Bool
    /// Reset, or an error is pending.
    let isBroken: Bool
}
