/// Room for new connections where every place is taken: idle connections give up theirs, that which was idle longest first.
extension ConnectionLoop {
    /// Connections noted in one look at all of them.
    private static let notedIdle = 64
    /// Between two such looks, so that a flood of connections costs what refusing them costs.
    private static let lookInterval: Instant = 10_000_000

    /// Closes an idle connection, of the client of `addressKey` or of any; false when there is none.
    func makeRoom(of addressKey: UInt64?) -> Bool {
        if addressKey == nil, closeNoted() { return true }
        guard now >= nextIdleLook else { return false }
        nextIdleLook = now + Self.lookInterval
        var oldest: [(connection: Connection, since: Instant)] = []
        let most = addressKey == nil ? Self.notedIdle : 1
        table.forEach { connection in
            guard isEvictable(connection), addressKey == nil || addressKey == connection.addressKey else { return }
            let since = connection.phaseStart
            if oldest.count == most, let last = oldest.last, last.since <= since { return }
            let place = oldest.firstIndex { $0.since > since } ?? oldest.count
            oldest.insert((connection, since), at: place)
            if oldest.count > most { oldest.removeLast() }
        }
        guard addressKey == nil else {
            guard let first = oldest.first else { return false }
            close(first.connection, .clientGone)
            return true
        }
        idleNoted = oldest.reversed()
        return closeNoted()
    }

    /// Closes the oldest of those noted that is still idle since then.
    private func closeNoted() -> Bool {
        while let noted = idleNoted.popLast() {
            guard isEvictable(noted.connection), noted.connection.phaseStart == noted.since else { continue }
            close(noted.connection, .clientGone)
            return true
        }
        return false
    }

    private func isEvictable(_ connection: Connection) -> Bool {
        connection.phase == .reading && connection.parser.phase == .idle && connection.streamState != .queued
            && connection.input.isEmpty && !connection.hasPending
            && connection.phaseStart <= now - timeouts.evictableIdle
    }
}
