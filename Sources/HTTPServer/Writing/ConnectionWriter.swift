import CLinux
import Glibc

/// Hands bytes to the kernel. Only what it does not take is kept with the connection.
final class ConnectionWriter {
    /// Responses gather here before they are sent. Shared by all connections of the loop, empty between them.
    let output = OutputBuffer()
    private let connections: OpenConnections
    private let turns: Turns
    private let pieces = UnsafeMutablePointer<iovec>.allocate(capacity: 2)

    init(_ connections: OpenConnections, _ turns: Turns) {
        self.connections = connections
        self.turns = turns
    }

    deinit { pieces.deallocate() }

    /// Sends what has gathered in `output`, then enters the next phase.
    func flush(_ connection: Connection) {
        guard !connection.isClosed else {
            output.removeAll()
            return
        }
        if transmitOutput(connection) { sent(connection) } else { connections.close(connection, .clientGone) }
    }

    /// Sends and empties `output`, keeping what the kernel does not take. False when the connection broke.
    func transmitOutput(_ connection: Connection) -> Bool {
        defer { output.removeAll() }
        let bytes = output.bytes
        guard bytes.count > 0 else { return true }
        switch systemCall({ linux_send(connection.descriptor, bytes.baseAddress, bytes.count) }) {
        case .failed: return false
        case .wouldBlock: keep(connection, Array(bytes))
        case .done(let count):
            if count < bytes.count { keep(connection, Array(bytes[count...])) }
        }
        return true
    }

    /// Sends `output` and what a stream has produced: as one chunk (RFC 9112 section 7.1), or as it is. One copy costs less than
    /// a send of several pieces (measured for events of 100 bytes). False when the connection broke.
    func transmit(_ produced: [UInt8], of stream: Connection.ActiveStream, isLast: Bool, to connection: Connection)
        -> Bool
    {
        if stream.isChunked {
            if !produced.isEmpty {
                output.append(hexadecimal: produced.count)
                output.append("\r\n")
                output.append(produced)
                output.append("\r\n")
            }
            if isLast { output.append("0\r\n\r\n") }
        } else {
            output.append(produced)
        }
        return transmitOutput(connection)
    }

    /// Sends `output` and a large body behind it without copying the body, then enters the next phase.
    func transmit(_ body: [UInt8], to connection: Connection) {
        defer { output.removeAll() }
        let head = output.bytes
        let result = body.withUnsafeBytes { body in
            pieces[0] = iovec(iov_base: UnsafeMutableRawPointer(mutating: head.baseAddress), iov_len: head.count)
            pieces[1] = iovec(iov_base: UnsafeMutableRawPointer(mutating: body.baseAddress), iov_len: body.count)
            return systemCall { linux_send_pieces(connection.descriptor, pieces, 2) }
        }
        let count: Int
        switch result {
        case .failed:
            connections.close(connection, .clientGone)
            return
        case .wouldBlock: count = 0
        case .done(let taken): count = taken
        }
        if count < head.count {
            keep(connection, Array(head[count...]) + body)
        } else if count < head.count + body.count {
            keep(connection, body, from: count - head.count)
        }
        sent(connection)
    }

    /// The socket takes bytes again.
    func resume(_ connection: Connection) {
        let result = connection.unsent.withBytes { rest in
            systemCall { linux_send(connection.descriptor, rest.baseAddress, rest.count) }
        }
        switch result {
        case .failed:
            connections.close(connection, .clientGone)
            return
        case .wouldBlock, .done(0): break
        case .done(let count):
            connection.unsent.took(count, now: connections.clock.now, connections.timeouts)
            connection.deadline = connection.unsentDeadline(now: connections.clock.now, connections.timeouts)
        }
        if connection.unsent.isEmpty {
            connection.unsent.removeAll()
            switch connection.phase {
            // In its turn: a client that reads fast is no reason to hold up the others.
            case .streaming, .pending:
                turns.enqueue(connection)
                return
            case .reading, .sending, .lingering, .closed: sent(connection)
            }
            if connection.isReading, !connection.input.isEmpty { turns.postpone(connection) }
        }
        connections.settle(connection)
    }

    /// Enters the next phase once a response is with the kernel, or waits for it.
    func sent(_ connection: Connection) {
        switch connection.phase {
        case .reading:
            if !connection.unsent.isEmpty { connection.phase = .sending(then: .keepAlive) }
        case .sending(let closing):
            guard connection.unsent.isEmpty else { return }
            switch closing {
            case .keepAlive: connection.phase = .reading
            case .close: connections.close(connection, .completed)
            case .linger: linger(connection)
            }
        case .streaming, .pending, .lingering, .closed: break
        }
    }

    private func linger(_ connection: Connection) {
        _ = systemCall { shutdown(connection.descriptor, Int32(SHUT_WR)) }
        connection.phase = .lingering
        connection.input = []
        connection.deadline = connections.clock.now + connections.timeouts.linger
    }

    private func keep(_ connection: Connection, _ bytes: [UInt8], from offset: Int = 0) {
        let timeouts = connections.timeouts
        connection.unsent.keep(
            bytes,
            from: offset,
            response: connection.requestCount,
            now: connections.clock.now,
            timeouts
        )
        connection.deadline = connection.unsentDeadline(now: connections.clock.now, timeouts)
    }
}
