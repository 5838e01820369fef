import CLinux
import Glibc

/// Bytes that wait for slow clients: counted for the whole process, and given up by closing connections when they are too many.
extension ConnectionLoop {
    /// An operator is told no more often that the bound was reached.
    private static let warningInterval: Instant = 60_000_000_000

    /// Between two looks at all connections, unless far too much waits.
    private static let lookInterval: Instant = 10_000_000

    /// Between two looks at streams that their clients hold up.
    private static let streamLookInterval: Instant = 1_000_000_000

    /// Counts what a connection keeps in memory. Called after everything that may change it.
    func account(_ connection: Connection) {
        let kept = connection.keptBytes
        guard kept != connection.countedBytes else { return }
        pendingBytes.add(kept - connection.countedBytes)
        connection.countedBytes = kept
    }

    /// Bytes begin to wait for a client, which has so long to take them.
    func beginWaiting(_ connection: Connection) {
        connection.waitingSince = now
        connection.pace.begin(response: connection.requestCount, now: now, timeouts)
        connection.deadline = min(now + timeouts.writeStall, connection.pace.deadline)
    }

    /// A client has taken some of what waits for it, and has so long to take more.
    func keptPace(_ connection: Connection, taken count: Int) {
        guard count > 0 else { return }
        connection.pace.took(count, now: now, timeouts)
        connection.deadline = min(now + timeouts.writeStall, connection.pace.deadline)
    }

    /// Once a turn: closes connections until no more is pending in the process than may be: those that hold most of those whose
    /// clients do not read, and of all when far more is pending. After a refusal, closes one of the former alone.
    func relievePressure() {
        endStreamsHeldUp()
        let refused = pendingBytes.refused
        let isRefusing = refused != refusalsSeen
        guard isRefusing || pendingBytes.isOver else { return }
        guard now >= nextPressureLook || pendingBytes.isFarOver else {
            takeTurn(at: nextPressureLook)
            return
        }
        nextPressureLook = now + Self.lookInterval
        refusalsSeen = refused
        warnOfPressure()
        let stalledBefore = now - timeouts.pressureGrace
        var holders: [Connection] = []
        table.forEach { if $0.countedBytes > 0 { holders.append($0) } }
        func isStalled(_ connection: Connection) -> Bool {
            connection.hasPending && connection.waitingSince <= stalledBefore
        }
        if !pendingBytes.isOver {
            let stalled = holders.lazy.filter(isStalled).max { $0.countedBytes < $1.countedBytes }
            if let stalled { closeForRoom(stalled) }
            return
        }
        let order = holders.map { (connection: $0, isStalled: isStalled($0)) }.sorted { left, right in
            if left.isStalled != right.isStalled { return left.isStalled }
            return left.connection.countedBytes > right.connection.countedBytes
        }
        for (connection, isStalled) in order {
            guard pendingBytes.isOver, isStalled || pendingBytes.isFarOver else { break }
            closeForRoom(connection)
        }
        if pendingBytes.isOver {
            // Others may hold more; and those that are not stalled yet may be soon.
            pendingBytes.wakeLoops()
            takeTurn(at: now + max(Self.lookInterval, timeouts.pressureGrace))
        }
    }

    /// Closes connections whose clients hold up a stream that keeps too much for them. Every publication brings a turn, so what the
    /// store replaces is noticed while a client does not read.
    private func endStreamsHeldUp() {
        guard now >= nextStreamLook, !streams.isEmpty else { return }
        nextStreamLook = now + Self.streamLookInterval
        let moment = Duration.nanoseconds(now)
        for connection in streams where connection.streamState == .blocked {
            if connection.stream?.mustEnd(now: moment) == true { closeStalled(connection) }
        }
    }

    /// Makes the loop take a turn at `instant`, whatever happens on its connections.
    private func takeTurn(at instant: Instant) {
        guard pressureTurn <= now || instant < pressureTurn else { return }
        pressureTurn = instant
        // No connection has this token.
        deadlines.insert(instant, token: .max)
    }

    private func closeForRoom(_ connection: Connection) {
        pendingBytes.countClosed()
        closeStalled(connection)
    }

    /// Closes a connection whose client does not read: with a reset, so that the kernel keeps nothing of it either, and so that a
    /// response that only the end of the connection would end never looks complete.
    func closeStalled(_ connection: Connection) {
        if connection.hasPending { _ = systemCall { linux_reset_on_close(connection.descriptor) } }
        close(connection, .stalled)
    }

    private func warnOfPressure() {
        if let last = lastPressureWarning, now - last < Self.warningInterval { return }
        lastPressureWarning = now
        observer?.serverWarning(
            "large responses are refused and stalled connections closed: \(pendingBytes.bytes) bytes wait for slow clients, "
                + "and \(pendingBytes.limit) may. Look for clients that do not read, or raise --max-pending-bytes."
        )
    }
}

extension Connection {
    /// Bytes of memory that wait with this connection for its client: unsent bytes of responses, unread bytes of requests, what
    /// a stream keeps, and the request that a pending answer belongs to.
    var keptBytes: Int {
        var count = pending.count + input.count + parser.bodyCount
        if let stream { count += stream.keptBytes }
        if let poll { count += poll.request.body.count + poll.request.head.bytes.count }
        return count
    }
}
