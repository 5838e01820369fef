import Basics
import Glibc
import Synchronization

/// What a connection is told that is not let in: one complete 503, written as far as the kernel takes it at once, and the end. Nothing is
/// kept of the connection, nothing waits for its client, and in a second only so many are told: a flood costs what closing costs.
final class RefusalResponses: Sendable {
    private struct State {
        var identities = RequestIdentitySource()
        var date = HTTPDate()
        var second: Instant = 0
        var told = 0
    }

    private static let nanosecondsPerSecond: Instant = 1_000_000_000

    private let handler: any HTTPHandler
    private let observer: (any HTTPServerObserver)?
    private let notes: ResponseNotes
    private let limit: Int
    private let clock: @Sendable () -> Instant
    private let state: Mutex<State>

    /// `limit` answers in a second of `clock`, which is continuous; `date` gives the seconds since 1970 UTC of the Date field.
    init(
        handler: any HTTPHandler,
        observer: (any HTTPServerObserver)?,
        notes: ResponseNotes,
        limit: Int,
        date: (@Sendable () -> Int)? = nil,
        clock: @escaping @Sendable () -> Instant = SystemClock.suspendingNanoseconds
    ) {
        self.handler = handler
        self.observer = observer
        self.notes = notes
        self.limit = limit
        self.clock = clock
        state = Mutex(State(date: HTTPDate(clock: date)))
    }

    /// Tells the client behind a socket, which never blocks, that `text` is why it is refused; nothing where too many were told. The caller
    /// closes the socket.
    func tell(_ descriptor: Int32, peer: String, _ text: String) {
        let admitted = state.withLock { state -> (RequestIdentity, [UInt8])? in
            let second = clock() / Self.nanosecondsPerSecond
            if state.second != second {
                state.second = second
                state.told = 0
            }
            guard state.told < limit else { return nil }
            state.told += 1
            state.date.refresh()
            return (notes.contains(.requestID) ? state.identities.next() : .none, state.date.bytes)
        }
        guard let (identity, date) = admitted else { return }
        let rejected = RejectedRequest(status: 503, reason: text, id: identity.text(head: []))
        let output = OutputBuffer()
        encode(handler.respondToRejected(rejected), identity, date, into: output)
        // What the client has sent already would turn the close into a reset, which may overtake the answer.
        withUnsafeTemporaryAllocation(byteCount: 16_384, alignment: 1) { bytes in
            _ = systemCall { recv(descriptor, bytes.baseAddress, bytes.count, 0) }
        }
        _ = systemCall {
            send(descriptor, output.bytes.baseAddress, output.count, Int32(MSG_NOSIGNAL))
        }
        if let observer {
            var outcome = HTTPOutcome(route: nil, status: 503, bytes: output.count, duration: .zero)
            outcome.rejected = RejectedPeer(address: peer, id: rejected.id, reason: text)
            observer.responded(to: nil, outcome)
        }
    }

    private func encode(
        _ response: HTTPResponse,
        _ identity: RequestIdentity,
        _ date: [UInt8],
        into output: OutputBuffer
    ) {
        ResponseEncoder.encodeHead(
            of: response,
            framing: ResponseEncoder.framing(of: response, minorVersion: 0),
            keepsAlive: false,
            minorVersion: 0,
            date: date,
            into: output
        ) {
            identity.appendField(head: [], to: output)
        }
        if case .bytes(let body) = response.body { output.append(body) }
    }
}
