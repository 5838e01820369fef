/// One client connection. Confined to the event loop that owns it; kept small, since thousands wait at a time.
final class Connection {
    enum Phase {
        /// Waiting for a request, or inside one.
        case reading
        /// A complete response waits for the client to take it.
        case sending
        /// A streaming body is being produced.
        case streaming
        /// A pending answer is waited for; nothing of it is sent yet.
        case polling
        /// Closing: everything that still comes in is thrown away.
        case lingering
        case closed
    }

    /// What happens once the response is sent.
    enum Closing {
        case keepAlive
        case close
        /// Half-close, read to the end, close: the client may still be sending (RFC 9112 section 9.6).
        case linger
    }

    /// Of a streaming body, or of a pending answer.
    enum StreamState {
        /// For a wake-up or `deadline`.
        case waiting
        /// In one of the loop's queues: to produce or to be asked; while reading, to be read or to have more requests answered.
        case queued
        /// For the client to take what is pending.
        case blocked
    }

    let descriptor: Int32
    /// Slot and generation: what the kernel reports events with. Outlives neither the connection nor its descriptor.
    let token: UInt64
    let peerAddress: String
    /// What connections of one client have in common.
    let addressKey: UInt64
    /// Set for the connection of a probe, which is beyond the limits and not counted; nil again when it is closed.
    var probeSlot: ProbeSlots.Slot?
    var phase = Phase.reading
    var closing = Closing.keepAlive
    var streamState = StreamState.waiting
    var isChunked = false
    var interest: EventInterest = .readable
    var parser = RequestParser()
    /// Bytes read and not consumed.
    var input: [UInt8] = []
    /// Bytes that the kernel did not take, from `pendingOffset` on.
    var pending: [UInt8] = []
    var pendingOffset = 0
    var stream: (any StreamingBody)?
    var poll: PendingRequest?
    /// Where this is in the loop's list of streams and polls.
    var streamIndex = -1
    var requestCount = 0
    /// The bytes that `PendingBytes` counts for this connection.
    var countedBytes = 0
    /// Since when `pending` has not been empty, and how fast it is taken.
    var waitingSince = Instant.zero
    var pace = ReadPace()
    /// The last request took long: the next ones wait with the work that is left, not with what came.
    var isCostly = false
    /// The parser's phase and request that `phaseStart` belongs to.
    var timedPhase = RequestParser.Phase.idle
    var timedRequest = 0
    var phaseStart: Instant
    /// When something must happen, and the earliest entry in the loop's heap.
    var deadline = Instant.max
    var scheduled = Instant.max

    init(_ accepted: EventLoop.Accepted, token: UInt64, now: Instant) {
        descriptor = accepted.descriptor
        peerAddress = accepted.peerAddress
        addressKey = accepted.addressKey
        probeSlot = accepted.probe?.slot
        self.token = token
        phaseStart = now
    }

    var hasPending: Bool { pendingOffset < pending.count }
}
