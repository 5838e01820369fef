import CLinux
import Dispatch
import Glibc
import Synchronization

/// Accepts connections on its own queue and hands each to the loop with the fewest.
final class Listener: Sendable {
    /// How long accepting rests when descriptors have run out.
    private static let pause = DispatchTimeInterval.milliseconds(100)
    /// Connections accepted before the queue looks at anything else.
    private static let acceptsPerTurn = 256
    /// An address that has its limit is warned of no more often.
    private static let addressWarningInterval: Instant = 60_000_000_000

    private struct State {
        var source: DispatchSource?
        var isPaused = false
        var isCancelled = false
        var hasWarnedOfDescriptors = false
        var hasWarnedOfConnections = false
        var lastAddressWarning: Instant?
    }

    let port: Int
    private let descriptor: Int32
    private let loops: [EventLoop]
    private let connectionLimit: Int
    private let addresses: AddressCounts
    private let observer: (any HTTPServerObserver)?
    private let answers: RefusalAnswers
    private let queue = DispatchQueue(label: "tablecast.http.listener")
    private let state = Mutex(State())

    /// Takes over a listening descriptor.
    init(
        descriptor: Int32,
        loops: [EventLoop],
        connectionLimit: Int,
        addresses: AddressCounts,
        observer: (any HTTPServerObserver)?,
        answers: RefusalAnswers
    ) {
        self.descriptor = descriptor
        self.loops = loops
        self.connectionLimit = connectionLimit
        self.addresses = addresses
        self.observer = observer
        self.answers = answers
        port = SocketAddress.port(of: descriptor)
    }

    /// Begins to accept. `group` is left when the descriptor is closed.
    func start(group: DispatchGroup) {
        let descriptor = descriptor
        let made = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue)
        guard let source = made as? DispatchSource else {
            preconditionFailure("every Dispatch source is a DispatchSource")
        }
        group.enter()
        source.setEventHandler { @Sendable in self.acceptAll() }
        source.setCancelHandler { @Sendable in
            closeDescriptor(descriptor)
            group.leave()
        }
        state.withLock { $0.source = source }
        source.activate()
    }

    /// Stops accepting. May be called again.
    func cancel() {
        state.withLock { state in
            guard !state.isCancelled, let source = state.source else { return }
            state.isCancelled = true
            // A suspended source never runs its cancel handler.
            if state.isPaused { source.resume() }
            state.isPaused = false
            source.cancel()
            state.source = nil
        }
    }

    private func acceptAll() {
        for _ in 0..<Self.acceptsPerTurn {
            var address = sockaddr_storage()
            var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
            switch systemCall({ linux_accept(descriptor, &address, &length) }) {
            case .wouldBlock:
                return
            case .done(let accepted):
                handOver(
                    EventLoop.Accepted(
                        descriptor: Int32(accepted),
                        peerAddress: SocketAddress.host(&address),
                        addressKey: SocketAddress.key(&address)
                    )
                )
            case .failed(let code):
                switch code {
                case EMFILE, ENFILE, ENOBUFS, ENOMEM:
                    rest(SystemCallError(code: code))
                    return
                // The connection went away before it was accepted (accept(2) lists these as such).
                default: continue
                }
            }
        }
    }

    private func handOver(_ accepted: EventLoop.Accepted) {
        var total = 0
        var least = loops[0]
        var leastCount = Int.max
        for loop in loops {
            let count = loop.connectionCount.load(ordering: .relaxed)
            total += count
            if count < leastCount {
                least = loop
                leastCount = count
            }
        }
        noteConnections(isFull: total >= connectionLimit)
        if total >= connectionLimit {
            refuse(accepted, .total, "all \(connectionLimit) connections that this server takes are in use")
        } else if !addresses.admit(accepted.addressKey) {
            refuse(accepted, .address, "all \(addresses.limit) connections that one address may have are in use")
            warnOfAddress(accepted.peerAddress)
        } else if !least.adopt(accepted) {
            addresses.leave(accepted.addressKey)
            closeDescriptor(accepted.descriptor)
        }
    }

    private func refuse(_ accepted: EventLoop.Accepted, _ reason: HTTPRefusal, _ text: String) {
        answers.tell(accepted.descriptor, peer: accepted.peerAddress, text)
        closeDescriptor(accepted.descriptor)
        observer?.connectionRefused(reason)
    }

    private func warnOfAddress(_ address: String) {
        let now = MonotonicClock.now()
        let warns = state.withLock { state in
            if let last = state.lastAddressWarning, now - last < Self.addressWarningInterval { return false }
            state.lastAddressWarning = now
            return true
        }
        if warns {
            observer?.serverWarning(
                "connections of \(address) are refused: the limit of \(addresses.limit) for one address is reached."
            )
        }
    }

    /// Warns once for each time that the limit is reached.
    private func noteConnections(isFull: Bool) {
        let warns = state.withLock { state in
            state.hasWarnedOfDescriptors = false
            defer { state.hasWarnedOfConnections = isFull }
            return isFull && !state.hasWarnedOfConnections
        }
        if warns {
            observer?.serverWarning("connections are refused: the limit of \(connectionLimit) is reached.")
        }
    }

    /// Rests until descriptors may be free again; the clients wait in the backlog meanwhile.
    private func rest(_ error: SystemCallError) {
        let warns = state.withLock { state in
            guard !state.isCancelled, !state.isPaused, let source = state.source else { return false }
            state.isPaused = true
            source.suspend()
            defer { state.hasWarnedOfDescriptors = true }
            return !state.hasWarnedOfDescriptors
        }
        if warns {
            observer?.serverWarning(
                "cannot accept connections: \(error.text). Raise the limit of open files (ulimit -n)."
            )
        }
        queue.asyncAfter(deadline: .now() + Self.pause) { self.resumeAccepting() }
    }

    private func resumeAccepting() {
        state.withLock { state in
            guard state.isPaused, !state.isCancelled, let source = state.source else { return }
            state.isPaused = false
            source.resume()
        }
    }
}
