import CLinux
import Dispatch
import Glibc
import Synchronization

/// Accepts connections of all sockets on its own queue and hands each to the loop with the fewest.
final class Listener: Sendable {
    /// How long accepting rests when descriptors have run out.
    private static let pause = DispatchTimeInterval.milliseconds(100)
    /// Connections accepted before the queue looks at anything else.
    private static let acceptsPerTurn = 256

    private struct State {
        var sources: [DispatchSource] = []
        var isPaused = false
        var isCancelled = false
    }

    private let sockets: [ListeningSocket]
    private let loops: [EventLoopHandle]
    private let limits: HTTPServerLimits
    private let proxies: TrustedProxies
    private let addresses: AddressCounts
    private let gate: ProbeGate
    private let seeking = Atomic<Int>(0)
    private let warningOfDescriptors: PacedWarning
    private let warningOfSockets: PacedWarning
    private let queue = DispatchQueue(label: "tablecast.http.listener")
    private let state = Mutex(State())

    /// Takes over sockets once it is started.
    init(
        _ sockets: [ListeningSocket],
        _ configuration: HTTPServerConfiguration,
        loops: [EventLoopHandle],
        addresses: AddressCounts
    ) {
        self.sockets = sockets
        self.loops = loops
        limits = configuration.limits
        proxies = configuration.proxies
        self.addresses = addresses
        warningOfDescriptors = PacedWarning(configuration.observer)
        warningOfSockets = PacedWarning(configuration.observer)
        gate = ProbeGate(configuration, loops: loops)
    }

    /// Begins to accept. `group` is left when the descriptors are closed.
    func start(group: DispatchGroup) {
        let sources = sockets.map { socket in
            let made = DispatchSource.makeReadSource(fileDescriptor: socket.descriptor, queue: queue)
            guard let source = made as? DispatchSource else {
                preconditionFailure("every Dispatch source is a DispatchSource")
            }
            group.enter()
            source.setEventHandler { @Sendable in self.acceptAll(socket.descriptor) }
            source.setCancelHandler { @Sendable in
                socket.close()
                group.leave()
            }
            return source
        }
        state.withLock { $0.sources = sources }
        for source in sources { source.activate() }
    }

    /// Stops accepting. May be called again.
    func cancel() {
        gate.close()
        state.withLock { state in
            guard !state.isCancelled, !state.sources.isEmpty else { return }
            state.isCancelled = true
            for source in state.sources {
                // A suspended source never runs its cancel handler.
                if state.isPaused { source.resume() }
                source.cancel()
            }
            state.isPaused = false
            state.sources = []
        }
    }

    private func acceptAll(_ descriptor: Int32) {
        for _ in 0..<Self.acceptsPerTurn {
            var address = sockaddr_storage()
            var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
            switch systemCall({ linux_accept(descriptor, &address, &length) }) {
            case .wouldBlock:
                return
            case .done(let accepted):
                let origin = ConnectionOrigin(SocketAddress.peer(address), proxies)
                handOver(
                    AcceptedConnection(
                        descriptor: Int32(accepted),
                        origin: origin,
                        gate: origin.awaitsHeader ? gate : nil
                    )
                )
            case .failed(let code):
                switch code {
                case EMFILE, ENFILE, ENOBUFS, ENOMEM:
                    rest(SystemCallError(code: code))
                    return
                // Nothing that passes: a descriptor that was passed and is shut down, for one.
                case EBADF, EINVAL, ENOTSOCK, EOPNOTSUPP:
                    warningOfSockets.warn(
                        "nobody can connect to one of the sockets that are listened on any more: \(SystemCallError(code: code).text). "
                            + "Restart the service."
                    )
                    return
                // The connection went away before it was accepted (accept(2) lists these as such).
                default: continue
                }
            }
        }
    }

    private func handOver(_ accepted: AcceptedConnection) {
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
        let isFull = total >= limits.connections
        let isAdmitted = addresses.admit(accepted.origin.countedKey)
        if !isFull, isAdmitted {
            guard !least.adopt(accepted) else { return }
            addresses.leave(accepted.origin.countedKey)
            closeDescriptor(accepted.descriptor)
            return
        }
        if !isAdmitted { addresses.enter(accepted.origin.countedKey) }
        // A client that has as many connections as it may makes room with one of its own.
        seekRoom(accepted, isAdmitted ? .total : .address)
    }

    /// Lets a connection that found no place look for one that an idle connection can give up. Few look at once, so that the
    /// descriptors in use stay within the bound.
    private func seekRoom(_ accepted: AcceptedConnection, _ reason: HTTPRefusal) {
        guard seeking.add(1, ordering: .relaxed).newValue <= limits.roomSeekers else {
            seeking.subtract(1, ordering: .relaxed)
            refuse(accepted, reason)
            return
        }
        let search = RoomSearch(
            reason,
            loops: loops.sorted {
                $0.connectionCount.load(ordering: .relaxed) > $1.connectionCount.load(ordering: .relaxed)
            },
            refuse: { [self] in refuse($0, reason) },
            ended: { [self] in seeking.subtract(1, ordering: .relaxed) }
        )
        var accepted = accepted
        accepted.search = search
        search.resume(with: accepted)
    }

    /// Gives up a connection that no place is free for, unless it is a probe's. Also called from event loops.
    private func refuse(_ accepted: AcceptedConnection, _ reason: HTTPRefusal) {
        addresses.leave(accepted.origin.countedKey)
        gate.take(accepted, reason)
    }

    /// Rests until descriptors may be free again; the clients wait in the backlog meanwhile.
    private func rest(_ error: SystemCallError) {
        let warns = state.withLock { state in
            guard !state.isCancelled, !state.isPaused, !state.sources.isEmpty else { return false }
            state.isPaused = true
            for source in state.sources { source.suspend() }
            return true
        }
        if warns {
            warningOfDescriptors.warn(
                "cannot accept connections: \(error.text). Raise the limit of open files (ulimit -n)."
            )
        }
        queue.asyncAfter(deadline: .now() + Self.pause) { self.resumeAccepting() }
    }

    private func resumeAccepting() {
        state.withLock { state in
            guard state.isPaused, !state.isCancelled else { return }
            state.isPaused = false
            for source in state.sources { source.resume() }
        }
    }
}
