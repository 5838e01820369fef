import Basics
import CLinux

/// The open connections of one event loop, with what the kernel watches on each and when each must be looked at.
///
/// Each has one deadline at a time, and one entry in the heap that is at most as late.
final class OpenConnections {
    /// Marks deadlines of no connection.
    private static let lookToken = UInt64.max

    let clock: LoopClock
    let timeouts: Timeouts
    private let handle: EventLoopHandle
    private let events: EventQueue
    private let observer: (any HTTPServerObserver)?
    private var table = ConnectionTable()
    private var deadlines = DeadlineHeap()
    private var wakeList = WakeList()
    private let halfClosedLimit: Int
    private var halfClosedCount = 0
    /// Idle connections close.
    private(set) var isStopping = false
    /// Each response is its connection's last.
    private(set) var closesAfterResponses = false

    init(
        _ handle: EventLoopHandle,
        _ events: EventQueue,
        _ observer: (any HTTPServerObserver)?,
        _ limits: HTTPServerLimits,
        _ clock: LoopClock
    ) {
        timeouts = Timeouts(limits)
        halfClosedLimit = limits.halfClosedConnections
        self.clock = clock
        self.handle = handle
        self.events = events
        self.observer = observer
    }

    var isEmpty: Bool { table.count == 0 }
    /// The connections now, for walks that close some.
    var all: [Connection] { table.all }
    /// Those with a stream or a pending response.
    var awaitingWakeUp: [Connection] { wakeList.connections }

    /// `body` must not open or close any.
    func forEach(_ body: (Connection) -> Void) { table.forEach(body) }

    subscript(token: UInt64) -> Connection? { table[token] }

    func closeAfterResponses() { closesAfterResponses = true }

    func beginStopping() {
        isStopping = true
        closesAfterResponses = true
    }

    /// Opens a connection and watches it.
    func open(_ accepted: AcceptedConnection) throws(SystemCallError) -> Connection {
        let token = table.reserve()
        do throws(SystemCallError) {
            try events.add(accepted.descriptor, .readable, token: token)
        } catch {
            table.remove(token)
            throw error
        }
        observer?.connectionOpened()
        return insert(accepted, token)
    }

    /// Opens the connection of a probe beyond the limits, whose socket is not watched.
    func openUnwatched(_ accepted: AcceptedConnection) -> Connection { insert(accepted, table.reserve()) }

    private func insert(_ accepted: AcceptedConnection, _ token: UInt64) -> Connection {
        let connection = Connection(accepted, token: token, now: clock.now)
        table.insert(connection)
        return connection
    }

    /// Counts a connection for its client, which a proxy has named; false where the client has as many connections as it may.
    func count(_ connection: Connection, for origin: ConnectionOrigin) -> Bool {
        // A probe beyond the limits does not count.
        if connection.probeSlot == nil {
            guard handle.recount(connection.origin.countedKey, as: origin.countedKey) else { return false }
        }
        connection.origin = origin
        connection.turnKey = origin.countedKey
        return true
    }

    /// Puts a connection in a phase in which wake-ups reach it.
    func beginWaking(_ connection: Connection, in phase: Connection.Phase) {
        connection.phase = phase
        connection.isQueued = false
        wakeList.insert(connection)
    }

    /// Takes a connection out of such a phase.
    func endWaking(_ connection: Connection, in phase: Connection.Phase) {
        connection.phase = phase
        wakeList.remove(connection)
    }

    /// Brings a connection's interest and deadline in line with its phase. Called after everything that may change it.
    func settle(_ connection: Connection) {
        account(connection)
        switch connection.phase {
        case .closed: return
        case .reading:
            if isStopping, connection.parser.phase == .idle, !connection.isQueued {
                close(connection, .serverStopping)
                return
            }
            connection.progress.note(connection.parser.phase, request: connection.requestCount, now: clock.now)
            // A proxy sends its header at once, and the head of the first request may be long in coming.
            let limit = connection.origin.awaitsHeader ? timeouts.head : timeouts.limit(of: connection.parser)
            connection.deadline = connection.progress.start + limit
        case .sending, .streaming, .pending, .lingering: break
        }
        if let interest = connection.wantedInterest { watch(connection, interest) }
        schedule(connection)
    }

    /// A queued connection waits for its turn, not for its socket, which would report the same again and again. A client that has
    /// half-closed gets the response that is being made.
    func ignoreSocket(_ connection: Connection) {
        switch connection.phase {
        case .reading, .streaming, .pending: watch(connection, [])
        case .sending, .lingering, .closed: settle(connection)
        }
    }

    /// The client has sent FIN while a response was made. It may still read, or have left: that shows when it is sent something. So a
    /// finite response goes on, and one that is pending does not wait for longer than for a client that does not read. Too many such
    /// clients, and those of endless streams, have left.
    func halfClose(_ connection: Connection) {
        guard !connection.isHalfClosed else { return }
        let isFinite =
            switch connection.phase {
            case .streaming(let stream): stream.body.isFinite
            case .pending: true
            case .reading, .sending, .lingering, .closed: false
            }
        guard isFinite, halfClosedCount < halfClosedLimit else {
            close(connection, .clientGone)
            return
        }
        halfClosedCount += 1
        // A client that has left looks the same, and is noticed only when something is sent to it. So a long poll is answered soon, and a
        // stream within the time that any client may stall.
        connection.halfClosedUntil = clock.now + (connection.isPending ? timeouts.linger : timeouts.writeStall)
        if connection.isPending { connection.deadline = min(connection.deadline, connection.halfClosedUntil) }
        if connection.isQueued { ignoreSocket(connection) } else { settle(connection) }
    }

    /// Closes at once. `reason` is for its stream or its pending response, if it has one.
    func close(_ connection: Connection, _ reason: StreamEnd) {
        let phase = connection.phase
        connection.phase = .closed
        switch phase {
        case .closed: return
        case .reading: reportUnfinishedRequest(of: connection)
        case .streaming(let stream):
            wakeList.remove(connection)
            stream.body.finished(reason)
        case .pending(let pending):
            wakeList.remove(connection)
            breakOff(pending, reason)
        case .sending, .lingering: break
        }
        // Closing the only descriptor of a socket takes it out of epoll, too.
        closeDescriptor(connection.descriptor)
        forget(connection)
    }

    /// Takes a connection that has had no request off this loop. Returns its socket, which is the caller's from now on.
    func giveUp(_ connection: Connection) -> Int32 {
        connection.phase = .closed
        events.remove(connection.descriptor)
        forget(connection)
        return connection.descriptor
    }

    private func forget(_ connection: Connection) {
        table.remove(connection.token)
        if connection.probeSlot == nil {
            handle.released(connection.origin.countedKey)
            observer?.connectionClosed()
        }
        connection.probeSlot = nil
        connection.gate = nil
        if connection.isHalfClosed { halfClosedCount -= 1 }
        connection.input = []
        connection.unsent.removeAll()
        connection.parser = RequestParser()
        account(connection)
    }

    /// Closes a connection whose client does not read: with a reset, so that the kernel keeps nothing of it either, and so that a
    /// response that only the end of the connection would end never looks complete.
    func closeStalled(_ connection: Connection) {
        if !connection.unsent.isEmpty { resetOnClose(connection) }
        close(connection, .stalled)
    }

    /// Makes the next close a reset: the client sees a broken transfer.
    func resetOnClose(_ connection: Connection) { _ = systemCall { linux_reset_on_close(connection.descriptor) } }

    /// The earliest time at which something is due.
    var earliestDeadline: Instant? { deadlines.earliest }

    /// Makes `earliestDeadline` at most `instant`, whatever happens on the connections.
    func lookAgain(at instant: Instant) { deadlines.insert(instant, token: Self.lookToken) }

    /// A connection whose deadline has passed. Looks at `budget` entries at most, and takes those off it. An entry whose connection
    /// is gone or has another entry by now is dropped.
    func nextDue(_ budget: inout Int) -> Connection? {
        while budget > 0, let entry = deadlines.popDue(clock.now) {
            budget -= 1
            guard let connection = table[entry.token], connection.scheduled == entry.deadline else { continue }
            connection.scheduled = .max
            if connection.deadline <= clock.now { return connection }
            schedule(connection)
        }
        return nil
    }

    private func watch(_ connection: Connection, _ interest: EventInterest) {
        guard connection.interest != interest else { return }
        connection.interest = interest
        events.change(connection.descriptor, interest, token: connection.token)
    }

    private func schedule(_ connection: Connection) {
        guard connection.deadline < connection.scheduled else { return }
        connection.scheduled = connection.deadline
        deadlines.insert(connection.deadline, token: connection.token)
        if deadlines.count > 2 * table.count + 1024 {
            deadlines.removeStale { $0.token == Self.lookToken || table[$0.token]?.scheduled == $0.deadline }
        }
    }

    /// Counts what a connection keeps in memory.
    private func account(_ connection: Connection) {
        let kept = connection.keptBytes
        guard kept != connection.countedBytes else { return }
        handle.pendingBytes.add(kept - connection.countedBytes)
        connection.countedBytes = kept
    }

    private func reportUnfinishedRequest(of connection: Connection) {
        guard let observer, connection.parser.phase != .idle else { return }
        let duration = Duration.nanoseconds(SystemClock.suspendingNanoseconds() - connection.progress.start)
        var outcome = HTTPOutcome(route: nil, status: 0, bytes: 0, duration: duration)
        outcome.rejected = RejectedPeer(connection.origin, id: nil)
        observer.responded(to: nil, outcome)
    }

    private func breakOff(_ pending: PendingRequest, _ reason: StreamEnd) {
        if let observer {
            let duration = Duration.nanoseconds(SystemClock.suspendingNanoseconds() - pending.began)
            observer.responded(
                to: pending.request,
                HTTPOutcome(route: pending.route, status: 0, bytes: 0, duration: duration)
            )
        }
        pending.response.finished(reason)
    }
}
