import Synchronization
import TableModel

/// Tickets: what stands for a token in the URL of an `EventSource`, which cannot send fields. Each is good once, and for a minute, so
/// it is worth nothing where URLs are kept.
final class TicketOffice: Sendable {
    private struct Ticket {
        let token: AccessToken
        let expiry: Duration
    }

    private struct State {
        var open: [String: Ticket] = [:]
        /// The same in the order in which they expire, those used already included.
        var order: [(text: String, expiry: Duration)] = []
    }

    private let monotonic: @Sendable () -> Duration
    private let state = Mutex(State())

    init(monotonic: @escaping @Sendable () -> Duration) { self.monotonic = monotonic }

    /// 256 random bits as base64url.
    static func randomText() -> String {
        // On Linux this generator is getrandom(2).
        var generator = SystemRandomNumberGenerator()
        var bytes: [UInt8] = []
        for _ in 0..<4 {
            let word = generator.next()
            for shift in stride(from: UInt64(0), to: 64, by: 8) {
                bytes.append(UInt8(truncatingIfNeeded: word >> shift))
            }
        }
        return Base64.encodeURL(bytes)
    }

    /// A ticket for what `token` opens; nil when too many were given out within a ticket's life.
    func issue(for token: AccessToken) -> String? {
        let now = monotonic()
        let text = Self.randomText()
        let expiry = now + AuthenticationLimits.ticketLifetime
        return state.withLock { state in
            Self.dropExpired(&state, now)
            guard state.order.count < AuthenticationLimits.tickets else { return nil }
            state.open[text] = Ticket(token: token, expiry: expiry)
            state.order.append((text, expiry))
            return text
        }
    }

    /// The token that a ticket stands for, once; nil for a ticket that is unknown, used or too old.
    func redeem(_ text: String) -> AccessToken? {
        let now = monotonic()
        return state.withLock { state in
            Self.dropExpired(&state, now)
            return state.open.removeValue(forKey: text)?.token
        }
    }

    private static func dropExpired(_ state: inout State, _ now: Duration) {
        let count = state.order.prefix { $0.expiry <= now }.count
        guard count > 0 else { return }
        for (text, _) in state.order.prefix(count) { state.open[text] = nil }
        state.order.removeFirst(count)
    }
}
