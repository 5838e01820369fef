import CLinux
import Glibc

/// Handing bytes to the kernel. Only what it does not take is kept with the connection.
extension ConnectionLoop {
    /// Sends what has gathered in `output`.
    func flush(_ connection: Connection) {
        defer { output.removeAll() }
        guard connection.phase != .closed else { return }
        let bytes = output.bytes
        if bytes.count > 0 {
            switch systemCall({ linux_send(connection.descriptor, bytes.baseAddress, bytes.count) }) {
            case .failed:
                close(connection, .clientGone)
                return
            case .wouldBlock:
                keep(connection, Array(bytes))
            case .done(let count):
                if count < bytes.count { keep(connection, Array(bytes[count...])) }
            }
        }
        sent(connection)
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

    /// Sends up to four pieces, of which the kernel may take a part; false when the connection broke.
    func transmitPieces(_ connection: Connection, count: Int) -> Bool {
        var sent: Int
        switch systemCall({ linux_send_pieces(connection.descriptor, pieces, count) }) {
        case .failed: return false
        case .wouldBlock: sent = 0
        case .done(let taken): sent = taken
        }
        var rest: [UInt8] = []
        for index in 0..<count {
            let piece = UnsafeRawBufferPointer(start: pieces[index].iov_base, count: pieces[index].iov_len)
            if sent >= piece.count {
                sent -= piece.count
            } else {
                rest.append(contentsOf: piece[sent...])
                sent = 0
            }
        }
        if !rest.isEmpty { keep(connection, rest) }
        return true
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
            if count > 0 { connection.deadline = now + timeouts.writeStall }
        }
        if !connection.hasPending {
            connection.pending = []
            connection.pendingOffset = 0
            if connection.phase == .streaming { produce(connection) } else { sent(connection) }
            resume(connection)
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
        connection.deadline = now + timeouts.writeStall
    }
}
