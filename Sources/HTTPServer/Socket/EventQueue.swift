import CLinux

/// What a loop wants to hear about a descriptor. Broken connections are always reported.
struct EventInterest: OptionSet {
    let rawValue: UInt32
    static let readable = EventInterest(rawValue: 1)
    static let writable = EventInterest(rawValue: 2)
    /// The peer has sent FIN, also when bytes before it are unread.
    static let peerClosed = EventInterest(rawValue: 4)
}

/// What happened to a descriptor.
struct DescriptorEvent {
    let token: UInt64
    let isReadable: Bool
    let isWritable: Bool
    let isPeerClosed: Bool
    /// Reset, or an error is pending.
    let isBroken: Bool
}

/// The kernel's readiness queue, as an event loop sees it. Confined to its loop.
protocol EventQueue: AnyObject {
    func add(_ descriptor: Int32, _ interest: EventInterest, token: UInt64) throws(SystemCallError)
    func change(_ descriptor: Int32, _ interest: EventInterest, token: UInt64)
    /// Waits at most so long (-1: for ever) and says how many events there are.
    func wait(milliseconds: Int32) -> Int
    /// An event of the last wait.
    func event(_ index: Int) -> DescriptorEvent
}
