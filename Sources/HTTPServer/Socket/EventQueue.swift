import CLinux

/// The kernel's readiness queue of one event loop: level-triggered epoll. Confined to its loop.
final class EventQueue {
    private static let capacity = 256
    private let epoll: Int32
    private let ready = UnsafeMutablePointer<linux_readiness>.allocate(capacity: EventQueue.capacity)

    /// Uses an epoll descriptor, which the caller closes afterwards.
    init(epoll: Int32) { self.epoll = epoll }

    deinit { ready.deallocate() }

    func add(_ descriptor: Int32, _ interest: EventInterest, token: UInt64) throws(SystemCallError) {
        _ = try systemCallOrError { linux_epoll_add(epoll, descriptor, Self.mask(interest), token) }
    }

    func change(_ descriptor: Int32, _ interest: EventInterest, token: UInt64) {
        // Fails only for a descriptor that was not added, which is a mistake of ours.
        if case .failed(let code) = systemCall({ linux_epoll_modify(epoll, descriptor, Self.mask(interest), token) }) {
            preconditionFailure("epoll does not know descriptor \(descriptor): \(SystemCallError(code: code).text)")
        }
    }

    /// Stops watching a descriptor that stays open.
    func remove(_ descriptor: Int32) {
        // Fails only for a descriptor that was not added, which is not watched either.
        _ = systemCall { linux_epoll_remove(epoll, descriptor) }
    }

    /// Waits for events, for at most `milliseconds` (-1: without end). Returns their number.
    func wait(milliseconds: Int32) -> Int {
        switch systemCall({ linux_epoll_wait(epoll, ready, Int32(Self.capacity), milliseconds) }) {
        case .done(let count): return count
        case .wouldBlock: return 0
        // Every other error means that the descriptor or the buffer is not ours.
        case .failed(let code): preconditionFailure("epoll_wait failed: \(SystemCallError(code: code).text)")
        }
    }

    /// An event of the last wait.
    func event(_ index: Int) -> DescriptorEvent {
        let events = ready[index].events
        return DescriptorEvent(
            token: ready[index].token,
            isReadable: events & UInt32(LINUX_READABLE) != 0,
            isWritable: events & UInt32(LINUX_WRITABLE) != 0,
            isPeerClosed: events & UInt32(LINUX_PEER_CLOSED) != 0,
            isBroken: events & UInt32(LINUX_HANG_UP | LINUX_FAILED) != 0
        )
    }

    private static func mask(_ interest: EventInterest) -> UInt32 {
        var mask: UInt32 = 0
        if interest.contains(.readable) { mask |= UInt32(LINUX_READABLE) }
        if interest.contains(.writable) { mask |= UInt32(LINUX_WRITABLE) }
        if interest.contains(.peerClosed) { mask |= UInt32(LINUX_PEER_CLOSED) }
        return mask
    }
}
