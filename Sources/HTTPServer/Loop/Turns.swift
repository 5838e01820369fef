import Basics

/// The order in which an event loop serves connections. A turn is bounded by time: work that is not reached
/// is left for the next, and handed out fairly then.
///
/// Two queues share each turn. In `arrivals` are connections with something to read that this turn had no time for. In `work` is
/// everything that continues: streams that are due, responses that need more steps, requests behind others on one connection, and new
/// requests of a connection whose last one was costly. Arrivals come first and are cheap, since every costly response continues
/// in `work`; so a plain GET waits for at most one step of somebody's costly one.
final class Turns {
    private let clock: LoopClock
    private var time: TurnTime
    private var arrivals: FairQueue<Connection>
    private var work: FairQueue<Connection>
    /// Earlier turns left arrivals: one of them at least is served in this one.
    private var hadArrivals = false

    init(_ limits: HTTPServerLimits, _ clock: LoopClock) {
        self.clock = clock
        time = TurnTime(limits, now: clock.now)
        arrivals = FairQueue(quantum: max(1, limits.sliceTime.wholeNanoseconds))
        work = FairQueue(quantum: max(1, limits.sliceTime.wholeNanoseconds))
    }

    /// Nothing is left for the next turn.
    var isEmpty: Bool { work.isEmpty && arrivals.isEmpty }
    /// The connection whose turn it is must let others have theirs.
    var isSliceUp: Bool { time.isSliceUp }

    func begin() {
        time.beginTurn(at: clock.now)
        hadArrivals = !arrivals.isEmpty
    }

    /// Whether a connection with something to read has its turn at once. If not, it is queued.
    func admits(_ connection: Connection) -> Bool {
        if connection.isReading {
            if connection.isCostly, !work.isEmpty {
                postpone(connection)
                return false
            }
            if time.isRequestTimeUp || !arrivals.isEmpty {
                connection.isQueued = true
                arrivals.append(connection, address: connection.turnKey)
                return false
            }
        }
        time.beginSlice()
        return true
    }

    /// Lets others have their turn: this connection's own comes again with the rest of the work.
    func postpone(_ connection: Connection) {
        connection.isQueued = true
        work.append(connection, address: connection.turnKey)
    }

    /// A stream or a pending response is asked when its turn comes.
    func enqueue(_ connection: Connection) {
        connection.deadline = .max
        postpone(connection)
    }

    /// There is more to send at once: when others have had their turn, and the client has taken what was sent before.
    func enqueueUnlessBlocked(_ connection: Connection) {
        if connection.unsent.isEmpty { enqueue(connection) } else { connection.isQueued = false }
    }

    /// Waits for a wake-up or for `deadline`. While the client has not taken what was sent before, nothing more could be sent either:
    /// then for the client, and the write stall stays the deadline.
    func sleep(_ connection: Connection, until deadline: Instant) {
        connection.isQueued = false
        if connection.unsent.isEmpty { connection.deadline = deadline }
    }

    /// Looks at the clock within a slice.
    func noteTime() { time.note(clock.current()) }

    /// Runs one step of a connection's slice; true when it took so long that the next ones must wait with the work.
    func isCostly(_ step: () -> Void) -> Bool {
        let began = time.last
        step()
        noteTime()
        return time.last - began >= time.costly
    }

    /// Serves connections that had to wait to be read.
    func serveArrivals(_ serve: (Connection) -> Void) {
        guard !arrivals.isEmpty else { return }
        noteTime()
        var mustServe = hadArrivals
        while mustServe || !time.isRequestTimeUp, let connection = arrivals.next() {
            slice(connection, serve)
            arrivals.charge(time.sliceUsed)
            mustServe = false
        }
    }

    /// Continues the work, one slice of one connection after another; with one at least, so that a flood of new requests never
    /// stops it.
    func continueWork(_ serve: (Connection) -> Void) {
        guard !work.isEmpty else { return }
        noteTime()
        repeat {
            guard let connection = work.next() else { return }
            slice(connection, serve)
            work.charge(time.sliceUsed)
        } while !time.isTurnUp
    }

    private func slice(_ connection: Connection, _ serve: (Connection) -> Void) {
        time.beginSlice()
        serve(connection)
        noteTime()
    }
}
