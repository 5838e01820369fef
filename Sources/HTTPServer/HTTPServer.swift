import Basics
import Dispatch
import Synchronization

/// The HTTP/1.1 server: a listener for all its addresses, N event loops, one handler.
///
/// Its life is start, stop, gone; it does not start twice. Dropped without `stop`, it closes everything at once.
package final class HTTPServer: Sendable {
    private enum State {
        /// To running or stopped.
        case new
        /// To stopped.
        case running(Listener, [EventLoopHandle])
        /// For good. The loops may still be finishing their connections.
        case stopped([EventLoopHandle])
    }

    private let configuration: HTTPServerConfiguration
    private let loopCount: Int
    private let pendingBytes: PendingBytes
    private let state = Mutex(State.new)
    /// The listener and each loop.
    private let group = DispatchGroup()

    /// A server that does nothing yet. `loops` event loops are threads: one a core is right. `clock` gives the seconds since 1970
    /// UTC that the Date field tells; nil takes the system's. `proxies` are those that are believed when they say whose requests they pass on. `pendingBytes` counts what waits for slow clients, for handlers that ask
    /// before they make a large response; nil makes one of `limits`.
    package init(
        handler: any HTTPHandler,
        observer: (any HTTPServerObserver)?,
        limits: HTTPServerLimits = HTTPServerLimits(),
        notes: ResponseNotes = [],
        proxies: TrustedProxies = TrustedProxies(),
        loops: Int,
        pendingBytes: PendingBytes? = nil,
        clock: (@Sendable () -> Int)? = nil
    ) {
        precondition(loops > 0, "a server needs at least one event loop")
        configuration = HTTPServerConfiguration(
            handler: handler,
            observer: observer,
            limits: limits,
            notes: notes,
            proxies: proxies,
            date: clock
        )
        loopCount = loops
        self.pendingBytes = pendingBytes ?? PendingBytes(limit: limits.pendingBytes)
    }

    deinit { beginStop(within: .zero) }

    /// Binds and listens (port 0 = any free one) and starts the loops; returns the port. `host` is an IPv4 or IPv6 address, or a
    /// name; the descriptors it opens close with `stop`.
    package func start(host: String, port: Int) throws(HTTPServerError) -> Int {
        try start(on: try ListenPlan([ListenAddress(host: host, port: port)])).port
    }

    /// The same for every address of a plan; all are bound, or none and an error. Returns what is bound.
    package func start(on plan: ListenPlan) throws(HTTPServerError) -> Listening {
        var opener = SocketOpener(plan, configuration.limits)
        let (sockets, notes) = try opener.open()
        do throws(HTTPServerError) {
            guard !sockets.isEmpty else { throw .nowhereToListen }
            try start(on: sockets)
        } catch {
            for socket in sockets { socket.close() }
            throw error
        }
        return Listening(addresses: sockets.map(\.bound), notes: notes)
    }

    /// Takes over the sockets unless it throws.
    private func start(on sockets: [ListeningSocket]) throws(HTTPServerError) {
        let addresses = AddressCounts(limit: configuration.limits.connectionsPerAddress)
        let loops = try makeLoops(addresses)
        let listener = Listener(sockets, configuration, loops: loops, addresses: addresses)
        let isFirst = state.withLock { state in
            guard case .new = state else { return false }
            state = .running(listener, loops)
            for loop in loops { loop.run(configuration, group: group) }
            listener.start(group: group)
            return true
        }
        guard isFirst else { throw .startedBefore }
    }

    private func makeLoops(_ addresses: AddressCounts) throws(HTTPServerError) -> [EventLoopHandle] {
        do throws(SystemCallError) {
            var loops: [EventLoopHandle] = []
            for index in 0..<loopCount {
                loops.append(try EventLoopHandle(index: index, addresses: addresses, pendingBytes: pendingBytes))
            }
            pendingBytes.whenLoopsShouldLook { [loops = loops.map { WeakHandle(handle: $0) }] in
                for entry in loops { entry.handle?.wake() }
            }
            return loops
        } catch {
            throw .cannotStartLoop(error.text)
        }
    }

    /// Asks every waiting streaming body to produce again. Callable from any thread; many calls make one wake-up a
    /// loop.
    package func wakeStreams() {
        for loop in currentLoops { loop.wakeStreams() }
    }

    /// Makes each response from now on its connection's last, and goes on otherwise. Before a stop: clients that keep connections open
    /// learn that they must open others, elsewhere.
    package func closeAfterResponses() {
        for loop in currentLoops { loop.closeAfterResponses() }
    }

    /// Stops accepting, drains streams and requests in flight, closes idle connections, and when `grace` has passed
    /// everything. Returns when the port is free and every loop has ended. May be called again, also meanwhile; the
    /// shorter grace holds.
    package func stop(within grace: Duration) async {
        beginStop(within: grace)
        await withCheckedContinuation { continuation in
            group.notify(queue: .global()) { continuation.resume() }
        }
    }

    /// The part of `stop` that does not wait.
    func beginStop(within grace: Duration) {
        let deadline = SystemClock.suspendingNanoseconds() + max(0, grace.wholeNanoseconds)
        let (listener, loops) = state.withLock { state -> (Listener?, [EventLoopHandle]) in
            switch state {
            case .new:
                state = .stopped([])
                return (nil, [])
            case .running(let listener, let loops):
                state = .stopped(loops)
                return (listener, loops)
            case .stopped(let loops):
                return (nil, loops)
            }
        }
        // The loops first: once the port is closed, every response says that it is the connection's last.
        for loop in loops { loop.stop(deadline: deadline) }
        listener?.cancel()
    }

    /// The server's suspending clock, as `produce(now:)` sees it.
    package static func now() -> Duration { .nanoseconds(SystemClock.suspendingNanoseconds()) }

    /// Connections accepted and not yet closed, those of probes beyond the limits left out.
    package var openConnections: Int {
        currentLoops.reduce(0) { $0 + $1.connectionCount.load(ordering: .relaxed) }
    }

    private var currentLoops: [EventLoopHandle] {
        state.withLock { state in
            switch state {
            case .new: []
            case .running(_, let loops), .stopped(let loops): loops
            }
        }
    }
}

/// Keeps `PendingBytes`, which the loops keep, from keeping the loops.
private struct WeakHandle: Sendable {
    weak let handle: EventLoopHandle?
}
