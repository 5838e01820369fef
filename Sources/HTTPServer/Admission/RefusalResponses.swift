import Basics
import Glibc
import Synchronization

/// Responds to a refused connection with one complete 503, as much of it as the kernel takes at once. Nothing is kept of the
/// connection, nothing waits for its client, and in a second only so many are told: a flood costs what closing costs.
final class RefusalResponses: Sendable {
    private struct State {
        var identities = RequestIdentitySource()
        var date = HTTPDate()
        var second: Instant = 0
        var told = 0
    }

    private static let nanosecondsPerSecond: Instant = 1_000_000_000

    private let configuration: HTTPServerConfiguration
    private let clock: @Sendable () -> Instant
    private let state: Mutex<State>

    /// `clock` is continuous: in a second of it, `HTTPServerLimits.refusalAnswersPerSecond` clients are told.
    init(
        _ configuration: HTTPServerConfiguration,
        clock: @escaping @Sendable () -> Instant = SystemClock.suspendingNanoseconds
    ) {
        self.configuration = configuration
        self.clock = clock
        state = Mutex(State(date: HTTPDate(clock: configuration.date)))
    }

    /// Tells a client, whose socket never blocks, why it is refused; nothing where too many were told. The caller closes the socket.
    func tell(_ refused: AcceptedConnection, _ text: String) {
        let admitted = state.withLock { state -> (RequestIdentity, [UInt8])? in
            let second = clock() / Self.nanosecondsPerSecond
            if state.second != second {
                state.second = second
                state.told = 0
            }
            guard state.told < configuration.limits.refusalAnswersPerSecond else { return nil }
            state.told += 1
            state.date.refresh()
            return (configuration.notes.contains(.requestID) ? state.identities.next() : .none, state.date.bytes)
        }
        guard let (identity, date) = admitted else { return }
        let rejected = RejectedRequest(status: 503, reason: text, id: identity.text(head: []))
        let output = OutputBuffer()
        encode(configuration.handler.respondToRejected(rejected), identity, date, into: output)
        // Bytes that the client has sent already would turn the close into a reset, which may overtake the response.
        withUnsafeTemporaryAllocation(byteCount: 16_384, alignment: 1) { bytes in
            _ = systemCall { recv(refused.descriptor, bytes.baseAddress, bytes.count, 0) }
        }
        _ = systemCall {
            send(refused.descriptor, output.bytes.baseAddress, output.count, Int32(MSG_NOSIGNAL))
        }
        if let observer = configuration.observer {
            var outcome = HTTPOutcome(route: nil, status: 503, bytes: output.count, duration: .zero)
            outcome.rejected = RejectedPeer(refused.origin, id: rejected.id, reason: text)
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
