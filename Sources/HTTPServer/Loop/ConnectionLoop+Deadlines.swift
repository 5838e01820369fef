import Basics

/// The limits' times in nanoseconds.
struct Timeouts {
    let head: Int64
    let body: Int64
    let bodyGrace: Int64
    let bodyByte: Int64
    let keepAlive: Int64
    let writeStall: Int64
    let linger: Int64
    let responseGrace: Int64
    let responseByte: Int64
    let pressureGrace: Int64
    let evictableIdle: Int64

    init(_ limits: HTTPServerLimits) {
        head = limits.headTimeout.wholeNanoseconds
        body = limits.bodyTimeout.wholeNanoseconds
        bodyGrace = limits.bodyGrace.wholeNanoseconds
        bodyByte = 1_000_000_000 / Int64(max(1, limits.bodyBytesPerSecond))
        keepAlive = limits.keepAliveTimeout.wholeNanoseconds
        writeStall = limits.writeStallTimeout.wholeNanoseconds
        linger = limits.lingerTimeout.wholeNanoseconds
        responseGrace = limits.responseGrace.wholeNanoseconds
        responseByte = 1_000_000_000 / Int64(max(1, limits.responseBytesPerSecond))
        pressureGrace = limits.pressureGrace.wholeNanoseconds
        evictableIdle = limits.evictableIdle.wholeNanoseconds
    }
}

/// Deadlines: each connection has one at a time, and one entry in the heap that is at most as late.
extension ConnectionLoop {
    /// Brings a connection's interest and deadline in line with its phase. Called after everything that may change it.
    func settle(_ connection: Connection) {
        account(connection)
        switch connection.phase {
        case .closed:
            return
        case .reading:
            let parserPhase = connection.parser.phase
            if parserPhase == .idle, isStopping, connection.streamState != .queued {
                close(connection, .serverStopping)
                return
            }
            if connection.timedPhase != parserPhase || connection.timedRequest != connection.requestCount {
                connection.timedPhase = parserPhase
                connection.timedRequest = connection.requestCount
                connection.phaseStart = now
            }
            connection.deadline = connection.phaseStart + timeout(of: connection.parser)
            if connection.streamState != .queued { watch(connection, .readable) }
        case .sending:
            watch(connection, .writable)
        case .streaming, .polling:
            // Its turn comes soon: what it waits for then is worth a system call, not this.
            if connection.streamState == .queued { break }
            watch(connection, connection.streamState == .blocked ? [.writable, .peerClosed] : .peerClosed)
        case .lingering:
            watch(connection, .readable)
        }
        schedule(connection)
    }

    private func timeout(of parser: borrowing RequestParser) -> Int64 {
        switch parser.phase {
        case .idle: timeouts.keepAlive
        case .head: timeouts.head
        // What has come buys time for what has not.
        case .body: min(timeouts.body, timeouts.bodyGrace + Int64(parser.bodyCount) * timeouts.bodyByte)
        }
    }

    /// A queued connection waits for its turn, not for its socket, which would report the same again and again. A client that has
    /// half-closed gets the answer that is being made.
    func quiet(_ connection: Connection) {
        switch connection.phase {
        case .reading, .streaming, .polling: watch(connection, [])
        case .sending, .lingering, .closed: settle(connection)
        }
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
            deadlines.removeStale { table[$0.token]?.scheduled == $0.deadline }
        }
    }

    /// Runs what is due. An entry whose connection is gone or has another entry by now is dropped.
    func expireDeadlines() {
        relievePressure()
        for _ in 0..<limits.expiriesPerTurn {
            guard let entry = deadlines.popDue(now) else { return }
            guard let connection = table[entry.token], connection.scheduled == entry.deadline else { continue }
            connection.scheduled = .max
            if connection.deadline <= now { expire(connection) } else { schedule(connection) }
        }
    }

    private func expire(_ connection: Connection) {
        connection.deadline = .max
        switch connection.phase {
        case .closed: break
        case .reading:
            switch connection.parser.phase {
            case .idle: close(connection, .clientGone)
            case .head: timeOut(connection, "the request's head did not arrive in time")
            case .body: timeOut(connection, "the request's body did not arrive in time, or too slowly")
            }
        case .sending: closeStalled(connection)
        case .streaming, .polling:
            if connection.streamState == .blocked { closeStalled(connection) } else { enqueue(connection) }
        case .lingering: close(connection, .clientGone)
        }
    }

    private func timeOut(_ connection: Connection, _ reason: StaticString) {
        reject(connection, RequestRejection(408, reason))
        flush(connection)
        settle(connection)
    }
}
