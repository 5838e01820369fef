import Basics

/// An event loop, on a thread of its own: it accepts what the listener hands over, waits until sockets are ready, and gives each
/// connection its turn to read, respond and stream (`ConnectionHandler`).
///
/// A turn is short, and requests come first in it: what is costly or in a crowd continues in later turns (`Turns`), so neither
/// five thousand woken subscribers nor a client's hundred searches hold up a GET for long.
final class EventLoop {
    /// The token of the wake-up descriptor.
    private static let wakeToken = UInt64.max

    private let handle: EventLoopHandle
    private let observer: (any HTTPServerObserver)?
    private let expiriesPerTurn: Int
    private let clock: LoopClock
    private let events: EventQueue
    private let turns: Turns
    private let connections: OpenConnections
    private let handler: ConnectionHandler
    private let pressure: PressureRelief
    private let idleEviction: IdleEviction
    private var stopDeadline: Instant?

    /// `time` gives the suspending clock.
    init(
        _ handle: EventLoopHandle,
        _ configuration: HTTPServerConfiguration,
        time: @escaping () -> Instant = SystemClock.suspendingNanoseconds
    ) throws(SystemCallError) {
        let limits = configuration.limits
        self.handle = handle
        observer = configuration.observer
        expiriesPerTurn = limits.expiriesPerTurn
        clock = LoopClock(time)
        events = EventQueue(epoll: handle.epollDescriptor)
        turns = Turns(limits, clock)
        connections = OpenConnections(handle, events, observer, limits, clock)
        idleEviction = IdleEviction(connections)
        handler = ConnectionHandler(configuration, connections, turns, idleEviction)
        pressure = PressureRelief(handle.pendingBytes, connections, observer)
        try events.add(handle.wakeDescriptor, .readable, token: Self.wakeToken)
    }

    /// Whether the next turn has work without new events.
    var hasWork: Bool { !turns.isEmpty }

    /// Returns when the loop was told to stop and its connections are gone, or their time is up.
    func run() {
        while true {
            turn()
            if let stopDeadline, connections.isEmpty || clock.now >= stopDeadline { break }
        }
        for connection in connections.all { connections.close(connection, .serverStopping) }
        for accepted in handle.close() { refuse(accepted) }
    }

    /// Waits for events, then handles them and continues what earlier turns left, for about `HTTPServerLimits.turnTime`.
    func turn() {
        let count = events.wait(milliseconds: waitMilliseconds())
        clock.beginTurn()
        turns.begin()
        handler.beginTurn()
        // First, so that no request is served as usual after stopping has begun.
        if handle.hasMessages { takeMessages() }
        for index in 0..<count {
            let event = events.event(index)
            if event.token == Self.wakeToken { takeMessages() } else { take(event) }
        }
        turns.serveArrivals { handler.serve($0) }
        turns.continueWork { handler.serve($0) }
        pressure.relieve()
        var expiries = expiriesPerTurn
        while let connection = connections.nextDue(&expiries) { expire(connection) }
    }

    private func waitMilliseconds() -> Int32 {
        if hasWork { return 0 }
        var earliest = connections.earliestDeadline ?? .max
        if let stopDeadline { earliest = min(earliest, stopDeadline) }
        if earliest == .max { return -1 }
        let rest = max(0, earliest - clock.current())
        return Int32(clamping: (rest + 999_999) / 1_000_000)
    }

    private func takeMessages() {
        let messages = handle.takeMessages()
        if messages.closesAfterResponses { connections.closeAfterResponses() }
        for accepted in messages.accepted { accept(accepted) }
        if let deadline = messages.stopDeadline {
            let isFirst = stopDeadline == nil
            stopDeadline = deadline
            if isFirst { beginStopping() }
        }
        if messages.streamsAreWoken { wakeStreams() }
    }

    private func accept(_ accepted: AcceptedConnection) {
        if let probe = accepted.probe {
            handler.serve(probe, on: connections.openUnwatched(accepted))
            return
        }
        if let search = accepted.search,
            !idleEviction.makeRoom(of: search.reason == .address ? accepted.origin.countedKey : nil)
        {
            handle.passedOn()
            search.resume(with: accepted)
            return
        }
        do throws(SystemCallError) {
            let connection = try connections.open(accepted)
            if connections.isStopping { handler.receive(connection) } else { connections.settle(connection) }
        } catch {
            observer?.serverWarning("a connection was refused: cannot watch its descriptor: \(error.text)")
            refuse(accepted)
        }
    }

    private func refuse(_ accepted: AcceptedConnection) {
        closeDescriptor(accepted.descriptor)
        if accepted.probe == nil { handle.released(accepted.origin.countedKey) }
    }

    private func take(_ event: DescriptorEvent) {
        guard let connection = connections[event.token] else { return }
        if event.isBroken { connections.close(connection, .clientGone) }
        if event.isPeerClosed, !connection.isClosed { connections.halfClose(connection) }
        guard !connection.isClosed else { return }
        if event.isWritable, !connection.unsent.isEmpty { handler.resume(connection) }
        guard !connection.isClosed else { return }
        if connection.isQueued {
            if event.isReadable || event.isWritable { connections.ignoreSocket(connection) }
        } else if event.isReadable, turns.admits(connection) {
            handler.receive(connection)
        }
    }

    /// Every waiting stream produces again, every pending response is polled again. Those that are blocked do so anyway when the client
    /// has caught up.
    private func wakeStreams() {
        for connection in connections.awaitingWakeUp { wake(connection) }
    }

    private func wake(_ connection: Connection) {
        if !connection.isQueued, connection.unsent.isEmpty { turns.enqueue(connection) }
    }

    /// Idle connections close, after one last look for a request; streams are asked to end.
    private func beginStopping() {
        connections.beginStopping()
        for connection in connections.all {
            switch connection.phase {
            case .reading: handler.receive(connection)
            case .streaming(let stream):
                stream.body.drain()
                wake(connection)
            case .pending(let pending):
                pending.response.drain()
                wake(connection)
            case .sending, .lingering, .closed: break
            }
        }
    }

    /// The deadline of a connection has passed.
    private func expire(_ connection: Connection) {
        connection.deadline = .max
        switch connection.phase {
        case .closed: break
        case .reading:
            switch connection.parser.phase {
            case .idle where connection.origin.awaitsHeader && !connection.input.isEmpty:
                handler.timeOut(connection, "the PROXY protocol header did not arrive in time")
            case .idle: connections.close(connection, .clientGone)
            case .head: handler.timeOut(connection, "the request's head did not arrive in time")
            case .body: handler.timeOut(connection, "the request's body did not arrive in time, or too slowly")
            }
        case .sending: connections.closeStalled(connection)
        case .streaming, .pending:
            if connection.unsent.isEmpty { turns.enqueue(connection) } else { connections.closeStalled(connection) }
        case .lingering: connections.close(connection, .clientGone)
        }
    }
}
