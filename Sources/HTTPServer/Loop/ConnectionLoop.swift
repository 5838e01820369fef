import Basics
import CLinux
import Glibc
import Synchronization

/// An event loop's work: waits for readiness, reads and answers requests, feeds streams, keeps deadlines. Lives on one
/// thread.
///
/// Requests come first, and a turn is short: what is costly or in a crowd goes on in later turns (`ConnectionLoop+Turns`), so neither
/// five thousand woken subscribers nor a client's hundred searches hold up a GET for long.
final class ConnectionLoop {
    /// The loop's own token: the wake-up descriptor.
    static let wakeToken = UInt64.max
    static let readBytes = 65_536

    let shell: EventLoop
    let handler: any HTTPHandler
    let observer: (any HTTPServerObserver)?
    let limits: HTTPServerLimits
    let notes: ResponseNotes
    var identities = RequestIdentitySource()
    let timeouts: Timeouts
    let events: any EventQueue
    var table = ConnectionTable()
    var deadlines = DeadlineHeap()
    var date: HTTPDate
    /// The suspending clock.
    let time: () -> Instant
    /// When the turn began.
    var now: Instant
    var turnTime: TurnTime
    /// Shared by all connections of the loop, empty between them.
    let output = OutputBuffer()
    let readBuffer = UnsafeMutablePointer<UInt8>.allocate(capacity: ConnectionLoop.readBytes)
    let pieces = UnsafeMutablePointer<iovec>.allocate(capacity: 2)
    var produced: [UInt8] = []
    /// All connections with a stream or a pending answer.
    var streams: [Connection] = []
    /// Connections to read that a turn had no time for.
    var arrivals: FairQueue<Connection>
    /// Connections with work that goes on.
    var work: FairQueue<Connection>
    var stopDeadline: Instant?
    var pendingBytes: PendingBytes { shell.pendingBytes }
    /// How many refusals of large responses this loop has answered with more room.
    var refusalsSeen = 0
    var nextPressureLook = Instant.min
    var nextStreamLook = Instant.min
    /// When a turn is sure to come, for the next look.
    var pressureTurn = Instant.min
    var lastPressureWarning: Instant?
    /// Connections that were idle at the last look, the oldest last, with when that began.
    var idleNoted: [(connection: Connection, since: Instant)] = []
    var nextIdleLook = Instant.min

    init(
        shell: EventLoop,
        handler: any HTTPHandler,
        observer: (any HTTPServerObserver)?,
        limits: HTTPServerLimits,
        notes: ResponseNotes,
        clock: (@Sendable () -> Int)? = nil,
        time: @escaping () -> Instant = SystemClock.suspendingNanoseconds
    ) throws(SystemCallError) {
        date = HTTPDate(clock: clock)
        self.shell = shell
        self.handler = handler
        self.observer = observer
        self.limits = limits
        self.notes = notes
        timeouts = Timeouts(limits)
        self.time = time
        now = time()
        turnTime = TurnTime(limits, now: now)
        arrivals = FairQueue(quantum: max(1, limits.sliceTime.wholeNanoseconds))
        work = FairQueue(quantum: max(1, limits.sliceTime.wholeNanoseconds))
        events = EpollEventQueue(epoll: shell.epollDescriptor)
        try events.add(shell.wakeDescriptor, .readable, token: Self.wakeToken)
    }

    deinit {
        readBuffer.deallocate()
        pieces.deallocate()
    }

    var isStopping: Bool { stopDeadline != nil }

    /// Returns when the loop was told to stop and its connections are gone, or their time is up.
    func run() {
        while true {
            turn()
            if let stopDeadline, table.count == 0 || now >= stopDeadline { break }
        }
        for connection in table.all { close(connection, .serverStopping) }
        for accepted in shell.close() { refuse(accepted) }
    }

    func takeMail() {
        let (mail, streamsAreWoken) = shell.takeMail()
        for accepted in mail.accepted { adopt(accepted) }
        if let deadline = mail.stopDeadline {
            let isFirst = stopDeadline == nil
            stopDeadline = deadline
            if isFirst { drain() }
        }
        if streamsAreWoken { wakeStreams() }
    }

    private func adopt(_ accepted: EventLoop.Accepted) {
        if let probe = accepted.probe {
            answer(probe, accepted)
            return
        }
        if let search = accepted.search, !makeRoom(of: search.reason == .address ? accepted.addressKey : nil) {
            shell.passedOn()
            search.goOn(with: accepted)
            return
        }
        let token = table.reserve()
        do {
            try events.add(accepted.descriptor, .readable, token: token)
        } catch {
            table.remove(token)
            observer?.serverWarning("a connection was refused: cannot watch its descriptor: \(error.text)")
            refuse(accepted)
            return
        }
        let connection = Connection(accepted, token: token, now: now)
        table.insert(connection)
        observer?.connectionOpened()
        if isStopping { receive(connection) } else { settle(connection) }
    }

    private func refuse(_ accepted: EventLoop.Accepted) {
        closeDescriptor(accepted.descriptor)
        if accepted.probe == nil { shell.released(accepted.addressKey) }
    }

    /// Stopping begins: idle connections close, after one last look for a request; streams are asked to end.
    private func drain() {
        for connection in table.all {
            switch connection.phase {
            case .reading: receive(connection)
            case .streaming, .polling: drainStream(connection)
            case .sending, .lingering, .closed: break
            }
        }
    }

    /// Closes at once. `reason` is for its stream, if it has one.
    func close(_ connection: Connection, _ reason: StreamEnd) {
        guard connection.phase != .closed else { return }
        if connection.phase == .reading, connection.parser.phase != .idle {
            let duration = Duration.nanoseconds(SystemClock.suspendingNanoseconds() - connection.phaseStart)
            var outcome = HTTPOutcome(route: nil, status: 0, bytes: 0, duration: duration)
            outcome.rejected = RejectedPeer(address: connection.peerAddress, id: nil)
            observer?.responded(to: nil, outcome)
        }
        connection.phase = .closed
        endStream(connection, reason)
        breakOffPoll(connection, reason)
        table.remove(connection.token)
        // Closing the only descriptor of a socket takes it out of epoll, too.
        closeDescriptor(connection.descriptor)
        if connection.probeSlot == nil {
            shell.released(connection.addressKey)
            observer?.connectionClosed()
        }
        connection.probeSlot = nil
        connection.input = []
        connection.pending = []
        connection.parser = RequestParser()
        account(connection)
    }
}
