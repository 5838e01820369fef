import CLinux
import Glibc

/// Handing bytes to the kernel. Only what it does not take is kept with the connection.
extension ConnectionLoop {
    /// Sends what has gathered in `output`, then goes on to the next phase.
    func flush(_ connection: Connection) {
        guard connection.phase != .closed else {
            output.removeAll()
            return
        }
        if transmitOutput(connection) { sent(connection) } else { close(connection, .clientGone) }
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

    /// Sends `output` and a large body behind it without copying the body.
    func transmit(_ connection: Connection, body: [UInt8]) {
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
            close(connection, .clientGone)
            return
        case .wouldBlock: count = 0
        case .done(let taken): count = taken
        }
        if count < head.count {
            keep(connection, Array(head[count...]) + body)
        } else if count < head.count + body.count {
            keep(connection, body)
            connection.pendingOffset = count - head.count
        }
        sent(connection)
    }

    /// The socket takes bytes again.
    func flushPending(_ connection: Connection) {
        let result = connection.pending.withUnsafeBytes { bytes in
            let rest = UnsafeRawBufferPointer(rebasing: bytes[connection.pendingOffset...])
            return systemCall { linux_send(connection.descriptor, rest.baseAddress, rest.count) }
        }
        switch result {
        case .failed:
            close(connection, .clientGone)
            return
        case .wouldBlock: break
        case .done(let count):
            connection.pendingOffset += count
            keptPace(connection, taken: count)
        }
        if !connection.hasPending {
            connection.pending = []
            connection.pendingOffset = 0
            switch connection.phase {
            // In its turn: a client that reads fast is no reason to hold up the others.
            case .streaming, .polling:
                enqueue(connection)
                return
            case .reading, .sending, .lingering, .closed: sent(connection)
            }
            if connection.phase == .reading, !connection.input.isEmpty { postpone(connection) }
            settle(connection)
        } else {
            settle(connection)
        }
    }

    /// What to do once a response is with the kernel, or waits for it.
    func sent(_ connection: Connection) {
        if connection.hasPending {
            connection.phase = .sending
            return
        }
        guard connection.phase == .sending else { return }
        switch connection.closing {
        case .keepAlive: connection.phase = .reading
        case .close: close(connection, .completed)
        case .linger: linger(connection)
        }
    }

    private func linger(_ connection: Connection) {
        _ = systemCall { shutdown(connection.descriptor, Int32(SHUT_WR)) }
        connection.phase = .lingering
        connection.input = []
        connection.deadline = now + timeouts.linger
    }

    private func keep(_ connection: Connection, _ bytes: [UInt8]) {
        connection.pending = bytes
        connection.pendingOffset = 0
        beginWaiting(connection)
    }
}
