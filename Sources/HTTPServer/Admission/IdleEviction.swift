/// Room for new connections where every place is taken: idle connections give up theirs, that which was idle longest first.
final class IdleEviction {
    /// Connections noted in one look at all of them.
    private static let notedConnections = 64
    /// Between two such looks, so that a flood of connections costs what refusing them costs.
    private static let lookInterval: Instant = 10_000_000

    private typealias Idle = (connection: Connection, since: Instant)

    private let connections: OpenConnections
    /// Connections that were idle at the last look, the oldest last.
    private var noted: [Idle] = []
    private var nextLook = Instant.min

    init(_ connections: OpenConnections) {
        self.connections = connections
    }

    /// Closes an idle connection, of the client of `addressKey` or of any; false when nothing is idle.
    func makeRoom(of addressKey: UInt64?) -> Bool {
        if addressKey == nil, closeNoted() { return true }
        guard connections.clock.now >= nextLook else { return false }
        nextLook = connections.clock.now + Self.lookInterval
        guard let addressKey else {
            noted = oldest(Self.notedConnections) { _ in true }.reversed()
            return closeNoted()
        }
        guard let oldest = oldest(1, where: { $0.origin.countedKey == addressKey }).first else { return false }
        connections.close(oldest.connection, .clientGone)
        return true
    }

    /// At most `most` connections, those first that have been idle longest.
    private func oldest(_ most: Int, where isWanted: (Connection) -> Bool) -> [Idle] {
        var oldest: [Idle] = []
        connections.forEach { connection in
            guard isEvictable(connection), isWanted(connection) else { return }
            let since = connection.progress.start
            if oldest.count == most, let last = oldest.last, last.since <= since { return }
            let place = oldest.firstIndex { $0.since > since } ?? oldest.count
            oldest.insert((connection, since), at: place)
            if oldest.count > most { oldest.removeLast() }
        }
        return oldest
    }

    /// Closes the oldest of those noted that is still idle since then.
    private func closeNoted() -> Bool {
        while let (connection, since) = noted.popLast() {
            guard isEvictable(connection), connection.progress.start == since else { continue }
            connections.close(connection, .clientGone)
            return true
        }
        return false
    }

    private func isEvictable(_ connection: Connection) -> Bool {
        connection.isIdle && connection.progress.start <= connections.clock.now - connections.timeouts.evictableIdle
    }
}
