import Basics
import CLinux
import Glibc

/// Streaming bodies: produced into a buffer that all connections of the loop share, sent at once, nothing kept but what
/// the kernel did not take.
extension ConnectionLoop {
    /// How often a stream that always has more may produce before others have their turn, its slice permitting.
    private static let roundsPerTurn = 4

    /// Begins a body whose head is in `output`; head and first bytes go out together.
    func start(_ stream: any StreamingBody, on connection: Connection, isChunked: Bool) {
        connection.stream = stream
        connection.isChunked = isChunked
        connection.phase = .streaming
        if limits.unsentStreamBytes < limits.unsentBytes {
            let bytes = Int32(clamping: limits.unsentStreamBytes)
            // If it cannot be set, the listener's holds.
            _ = linux_set_option(connection.descriptor, Int32(IPPROTO_TCP), TCP_NOTSENT_LOWAT, bytes)
        }
        join(connection)
        if isStopping { stream.drain() }
        produce(connection)
    }

    /// Adds a connection to those that a wake-up reaches.
    func join(_ connection: Connection) {
        connection.streamIndex = streams.count
        streams.append(connection)
    }

    func leave(_ connection: Connection) {
        let last = streams.removeLast()
        if last !== connection {
            streams[connection.streamIndex] = last
            last.streamIndex = connection.streamIndex
        }
        connection.streamIndex = -1
    }

    /// Asks a stream for bytes and sends them, until it waits, ends, the client does not take them, or others have their turn: at the
    /// end of its slice, and after a round that found nothing.
    func produce(_ connection: Connection) {
        for _ in 0..<Self.roundsPerTurn {
            guard let stream = connection.stream else { return }
            produced.removeAll(keepingCapacity: true)
            let step = stream.produce(into: &produced, budget: limits.streamBudgetBytes, now: .nanoseconds(now))
            if step == .abort {
                output.removeAll()
                _ = systemCall { linux_reset_on_close(connection.descriptor) }
                close(connection, .completed)
                return
            }
            guard transmitProduced(connection, isLast: step == .end) else {
                close(connection, .clientGone)
                return
            }
            switch step {
            case .abort: return
            case .end:
                endStream(connection, .completed)
                if isStopping, connection.closing == .keepAlive { connection.closing = .linger }
                connection.phase = .sending
                sent(connection)
                return
            case .wait(let until):
                if connection.hasPending {
                    connection.streamState = .blocked
                } else {
                    connection.streamState = .waiting
                    connection.deadline = until?.wholeNanoseconds ?? .max
                }
                return
            case .again:
                if connection.hasPending {
                    connection.streamState = .blocked
                    return
                }
            }
            turnTime.note(time())
            if produced.isEmpty || turnTime.isSliceUp { break }
        }
        enqueue(connection)
    }

    /// Sends `output` and what was produced: as one chunk (RFC 9112 section 7.1), or as it is. One copy costs less than
    /// a send of several pieces (measured for events of 100 bytes). False when the connection broke.
    private func transmitProduced(_ connection: Connection, isLast: Bool) -> Bool {
        if connection.isChunked {
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

    /// Puts a stream or a pending answer in the queue of those to ask.
    func enqueue(_ connection: Connection) {
        connection.streamState = .queued
        connection.deadline = .max
        work.append(connection, address: connection.addressKey)
    }

    /// Every waiting stream produces again, every pending answer is asked again. Those that are blocked do so anyway when the client has caught up.
    func wakeStreams() {
        for connection in streams where connection.streamState == .waiting { enqueue(connection) }
    }

    func drainStream(_ connection: Connection) {
        connection.stream?.drain()
        connection.poll?.answer.drain()
        if connection.streamState == .waiting { enqueue(connection) }
    }

    /// Forgets a connection's stream and tells it why.
    func endStream(_ connection: Connection, _ reason: StreamEnd) {
        guard let stream = connection.stream else { return }
        connection.stream = nil
        leave(connection)
        stream.finished(reason)
    }
}
