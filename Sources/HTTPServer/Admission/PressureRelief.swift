/// Closes connections of one loop when too many bytes wait for slow clients: they are counted for the whole process.
final class PressureRelief {
    /// Between two looks at all connections, unless far too much waits.
    private static let lookInterval: Instant = 10_000_000

    /// Between two looks at streams that their clients hold up.
    private static let streamLookInterval: Instant = 1_000_000_000

    private let pendingBytes: PendingBytes
    private let connections: OpenConnections
    private let warning: PacedWarning
    /// The refusals of large responses after which this loop has made room.
    private var refusalsSeen = 0
    private var nextLook = Instant.min
    private var nextStreamLook = Instant.min
    /// When a turn is sure to come, for the next look.
    private var nextTurn = Instant.min

    init(_ pendingBytes: PendingBytes, _ connections: OpenConnections, _ observer: (any HTTPServerObserver)?) {
        self.pendingBytes = pendingBytes
        self.connections = connections
        warning = PacedWarning(observer)
    }

    /// Once a turn: closes connections until no more is pending in the process than may be: those that hold most of those whose
    /// clients do not read (and have no `StreamingBody.stallLimit`), and of all when far more is pending. After a refusal, closes one of the former alone.
    func relieve() {
        endStreamsHeldUp()
        let now = connections.clock.now
        let refused = pendingBytes.refused
        guard refused != refusalsSeen || pendingBytes.isOver else { return }
        guard now >= nextLook || pendingBytes.isFarOver else {
            takeTurn(at: nextLook)
            return
        }
        nextLook = now + Self.lookInterval
        refusalsSeen = refused
        warning.warn(
            "large responses are refused and stalled connections closed: \(pendingBytes.bytes) bytes wait for slow clients, "
                + "and \(pendingBytes.limit) may. Look for clients that do not read, or raise --max-pending-bytes."
        )
        let stalledBefore = now - connections.timeouts.pressureGrace
        var holders: [(connection: Connection, isStalled: Bool)] = []
        connections.forEach { connection in
            guard connection.countedBytes > 0 else { return }
            let isStalled = !connection.unsent.isEmpty && connection.unsent.since <= stalledBefore
            holders.append((connection, isStalled && connection.stallLimit == nil))
        }
        if !pendingBytes.isOver {
            let stalled = holders.lazy.filter(\.isStalled).map(\.connection)
            if let largest = stalled.max(by: { $0.countedBytes < $1.countedBytes }) { close(largest) }
            return
        }
        holders.sort { left, right in
            if left.isStalled != right.isStalled { return left.isStalled }
            return left.connection.countedBytes > right.connection.countedBytes
        }
        for (connection, isStalled) in holders {
            guard pendingBytes.isOver, isStalled || pendingBytes.isFarOver else { break }
            close(connection)
        }
        if pendingBytes.isOver {
            // Others may hold more; and those that are not stalled yet may be soon.
            pendingBytes.wakeLoops()
            takeTurn(at: now + max(Self.lookInterval, connections.timeouts.pressureGrace))
        }
    }

    /// Closes connections whose clients hold up a stream that keeps too much for them. Every publication brings a turn, so what the
    /// store replaces is noticed while a client does not read.
    private func endStreamsHeldUp() {
        guard connections.clock.now >= nextStreamLook, !connections.awaitingWakeUp.isEmpty else { return }
        nextStreamLook = connections.clock.now + Self.streamLookInterval
        let moment = Duration.nanoseconds(connections.clock.now)
        for connection in connections.awaitingWakeUp {
            guard case .streaming(let stream) = connection.phase, !connection.unsent.isEmpty else { continue }
            if stream.body.mustEnd(now: moment) { connections.closeStalled(connection) }
        }
    }

    private func takeTurn(at instant: Instant) {
        guard nextTurn <= connections.clock.now || instant < nextTurn else { return }
        nextTurn = instant
        connections.lookAgain(at: instant)
    }

    private func close(_ connection: Connection) {
        pendingBytes.countClosed()
        connections.closeStalled(connection)
    }
}
