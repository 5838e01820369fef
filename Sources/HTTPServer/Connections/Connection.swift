import Basics

/// One client connection. Confined to the event loop that owns it; kept small, since thousands wait at a time.
final class Connection {
    enum Phase {
        /// Waits for a request, or is inside one: `parser` says which.
        case reading
        /// A complete response waits for the client to take it.
        case sending(then: Closing)
        case streaming(ActiveStream)
        /// Nothing of the pending response is sent yet.
        case pending(PendingRequest)
        /// Closes: everything that still comes in is thrown away.
        case lingering
        case closed
    }

    /// The next step once the response is sent.
    enum Closing {
        case keepAlive
        case close
        /// Half-close, read to the end, close: the client may still be sending (RFC 9112 section 9.6).
        case linger
    }

    /// A streaming body whose head is sent.
    struct ActiveStream {
        let body: any StreamingBody
        let isChunked: Bool
        /// After the body.
        var closing: Closing
    }

    let descriptor: Int32
    /// Slot and generation, with which the kernel reports events. Outlives neither the connection nor its descriptor.
    let token: UInt64
    var origin: ConnectionOrigin
    /// The client in whose turns this connection is served: that of its last request, where one proxy sends those of many.
    var turnKey: UInt64
    /// Set for the connection of a probe, which is beyond the limits and not counted; nil again when it is closed.
    var probeSlot: ProbeSlots.Slot?
    /// See `AcceptedConnection.gate`.
    var gate: ProbeGate?
    var phase = Phase.reading
    var interest: EventInterest = .readable
    var parser = RequestParser()
    var progress: ReadProgress
    /// Bytes read and not consumed.
    var input: [UInt8] = []
    var unsent = UnsentBytes()
    var requestCount = 0
    /// In one of the queues of `Turns`.
    var isQueued = false
    /// The last request took long: the next ones wait with the work that is left, not with what came.
    var isCostly = false
    /// The index in `WakeList`; -1 outside.
    var wakeIndex = -1
    /// The bytes that `PendingBytes` counts for this connection.
    var countedBytes = 0
    /// Set once the client has half-closed while a finite response was made: until then a pending response may wait.
    var halfClosedUntil = Instant.max
    /// When something must happen, and the earliest entry in the loop's heap.
    var deadline = Instant.max
    var scheduled = Instant.max

    init(_ accepted: AcceptedConnection, token: UInt64, now: Instant) {
        descriptor = accepted.descriptor
        origin = accepted.origin
        turnKey = accepted.origin.countedKey
        probeSlot = accepted.probe?.slot
        gate = accepted.gate
        self.token = token
        progress = ReadProgress(now: now)
    }

    var isReading: Bool { if case .reading = phase { true } else { false } }
    var isSending: Bool { if case .sending = phase { true } else { false } }
    var isPending: Bool { if case .pending = phase { true } else { false } }
    var isLingering: Bool { if case .lingering = phase { true } else { false } }
    var isClosed: Bool { if case .closed = phase { true } else { false } }
    /// The client has sent FIN, and gets the response that is being made.
    var isHalfClosed: Bool { halfClosedUntil != .max }
    /// Between two requests, without a byte of the next one, and without anything left to do.
    var isIdle: Bool { isReading && parser.phase == .idle && !isQueued && input.isEmpty && unsent.isEmpty }

    /// The events to wait for on the socket; nil for no change while the connection waits for its turn. That comes soon, and waiting
    /// for other events until then would cost a system call.
    var wantedInterest: EventInterest? {
        switch phase {
        case .reading: isQueued ? nil : .readable
        case .sending: .writable
        case .streaming, .pending:
            if isQueued {
                nil
            } else {
                // A FIN that is known already would be reported again and again.
                EventInterest(unsent.isEmpty ? [] : [.writable]).union(isHalfClosed ? [] : .peerClosed)
            }
        case .lingering: .readable
        case .closed: nil
        }
    }

    /// Bytes of memory that wait with this connection for its client: unsent bytes of responses, unread bytes of requests, those
    /// that a stream keeps, and the request that a pending response belongs to.
    var keptBytes: Int {
        let count = unsent.count + input.count + parser.bodyCount
        switch phase {
        case .streaming(let stream): return count + stream.body.keptBytes
        case .pending(let pending): return count + pending.request.body.count + pending.request.head.bytes.count
        case .reading, .sending, .lingering, .closed: return count
        }
    }

    /// How long the client may take no byte, in nanoseconds, where its stream says so (`StreamingBody.stallLimit`).
    var stallLimit: Int64? {
        if case .streaming(let stream) = phase { stream.body.stallLimit?.wholeNanoseconds } else { nil }
    }

    /// When the client has taken too little of what waits for it, if it takes nothing more from `now` on.
    func unsentDeadline(now: Instant, _ timeouts: Timeouts) -> Instant {
        stallLimit.map { now + $0 } ?? unsent.deadline(now: now, timeouts)
    }

    /// The client has sent more than was read: a plain close after the response would be a reset.
    func lingersRatherThanCloses() {
        switch phase {
        case .sending(then: .close): phase = .sending(then: .linger)
        case .streaming(var stream) where stream.closing == .close:
            stream.closing = .linger
            phase = .streaming(stream)
        case .reading, .sending, .streaming, .pending, .lingering, .closed: break
        }
    }
}
