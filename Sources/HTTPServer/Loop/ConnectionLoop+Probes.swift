/// Health probes that came where no place was free.
extension ConnectionLoop {
    /// Answers a probe and closes its connection at once, whatever its client does: its slot is for the next one. What comes behind the
    /// probe is not read.
    func answer(_ probe: EventLoop.Probe, _ accepted: EventLoop.Accepted) {
        let connection = Connection(accepted, token: table.reserve(), now: now)
        table.insert(connection)
        connection.requestCount = 1
        respond(connection, request(probe.head, body: [], on: connection))
        flush(connection)
        close(connection, .stalled)
    }
}
