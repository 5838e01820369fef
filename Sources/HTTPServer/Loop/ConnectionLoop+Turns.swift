/// A turn of the loop, bounded by time: what is not reached is left for the next, and handed out fairly then.
///
/// Two queues share each turn. In `arrivals` are connections with something to read that this turn had no time for. In `work` is
/// everything that goes on: streams that are due, answers that need more steps, requests behind others on one connection, and new
/// requests of a connection whose last one was costly. Arrivals come first and are cheap, since every costly answer continues
/// in `work`; so a plain GET waits for at most one step of somebody's costly one.
extension ConnectionLoop {
    /// Waits for events, then handles them and goes on with what earlier turns left, for about `HTTPServerLimits.turnTime`.
    func turn() {
        let count = events.wait(milliseconds: waitMilliseconds())
        now = time()
        turnTime.beginTurn(at: now)
        date.refresh()
        let hadArrivals = !arrivals.isEmpty
        // First, so that no request is answered as usual after stopping has begun.
        if shell.hasMail { takeMail() }
        for index in 0..<count {
            let event = events.event(index)
            if event.token == Self.wakeToken { takeMail() } else { handle(event) }
        }
        serveArrivals(atLeastOne: hadArrivals)
        continueWork()
        expireDeadlines()
    }

    private func waitMilliseconds() -> Int32 {
        if !work.isEmpty || !arrivals.isEmpty { return 0 }
        var earliest = deadlines.earliest ?? .max
        if let stopDeadline { earliest = min(earliest, stopDeadline) }
        if earliest == .max { return -1 }
        let rest = max(0, earliest - time())
        return Int32(clamping: (rest + 999_999) / 1_000_000)
    }

    private func handle(_ event: DescriptorEvent) {
        guard let connection = table[event.token] else { return }
        if event.isBroken || event.isPeerClosed {
            close(connection, .clientGone)
            return
        }
        if event.isWritable, connection.hasPending { flushPending(connection) }
        guard connection.phase != .closed else { return }
        if connection.streamState == .queued {
            if event.isReadable || event.isWritable { quiet(connection) }
        } else if event.isReadable {
            arrive(connection)
        }
    }

    /// There is something to read: now, or when its turn comes.
    private func arrive(_ connection: Connection) {
        if connection.phase == .reading {
            if connection.isCostly, !work.isEmpty {
                postpone(connection)
                return
            }
            if turnTime.isRequestTimeUp || !arrivals.isEmpty {
                connection.streamState = .queued
                arrivals.append(connection, address: connection.addressKey)
                return
            }
        }
        turnTime.beginSlice()
        receive(connection)
    }

    /// Lets others have their turn: this connection's own comes again with the rest of the work.
    func postpone(_ connection: Connection) {
        connection.streamState = .queued
        work.append(connection, address: connection.addressKey)
    }

    /// Reads what came while there was no time.
    private func serveArrivals(atLeastOne: Bool) {
        guard !arrivals.isEmpty else { return }
        turnTime.note(time())
        var mustServe = atLeastOne
        while mustServe || !turnTime.isRequestTimeUp, let connection = arrivals.next() {
            turnTime.beginSlice()
            run(connection)
            turnTime.note(time())
            arrivals.charge(turnTime.sliceUsed)
            mustServe = false
        }
    }

    /// Goes on with what waits, one slice of one connection after another; with one at least, so that a flood of new requests never
    /// stops it.
    private func continueWork() {
        guard !work.isEmpty else { return }
        turnTime.note(time())
        repeat {
            guard let connection = work.next() else { return }
            turnTime.beginSlice()
            run(connection)
            turnTime.note(time())
            work.charge(turnTime.sliceUsed)
        } while !turnTime.isTurnUp
    }

    /// A queued connection's turn. One that has left the queue's state meanwhile, by closing, is skipped.
    private func run(_ connection: Connection) {
        guard connection.streamState == .queued, connection.phase != .closed else { return }
        connection.streamState = .waiting
        switch connection.phase {
        case .streaming: produce(connection)
        case .polling: poll(connection)
        case .reading:
            if connection.input.isEmpty {
                receive(connection)
                return
            }
        case .sending, .lingering, .closed: break
        }
        turnTime.note(time())
        resume(connection)
        // The rest of a half request lies in the socket: left there, this connection would only queue again.
        if connection.phase == .reading, connection.streamState != .queued, !connection.input.isEmpty {
            receive(connection)
        }
    }
}
