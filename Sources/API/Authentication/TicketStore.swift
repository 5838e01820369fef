import Digest
import Synchronization
import TableModel

/// Tickets: what stands for a token in the URL of an `EventSource`, which cannot send fields. Each is good once, and for a minute, so
/// it is worth nothing where URLs are kept.
final class TicketStore: Sendable {
    /// Why no ticket is issued.
    enum Refusal: Error, Sendable, Hashable {
        /// The token has as many open tickets as one token may have.
        case share
        /// All tokens together have as many as there may be.
        case total
    }

    private struct Ticket {
        let token: AccessToken
        let expiry: Duration
    }

    private struct State {
        var open: [String: Ticket] = [:]
        /// Open tickets by their token's digest; its name may be given to another token meanwhile.
        var shares: [SHA256Digest: Int] = [:]
        /// The tickets in the order in which they expire. Used ones stay until they expire or are compacted away.
        var order: [(text: String, expiry: Duration)] = []

        /// Takes an open ticket out; nil when there is none.
        mutating func take(_ text: String) -> AccessToken? {
            guard let ticket = open.removeValue(forKey: text) else { return nil }
            let left = shares[ticket.token.digest, default: 1] - 1
            shares[ticket.token.digest] = left > 0 ? left : nil
            return ticket.token
        }

        mutating func dropExpired(_ now: Duration) {
            let count = order.prefix { $0.expiry <= now }.count
            guard count > 0 else { return }
            for (text, _) in order.prefix(count) { _ = take(text) }
            order.removeFirst(count)
        }

        /// Forgets used tickets once they outnumber the open ones, so that quick use costs no memory.
        mutating func compact() {
            guard order.count > 2 * open.count + 1024 else { return }
            let open = open
            order.removeAll { open[$0.text] == nil }
        }
    }

    private let continuous: @Sendable () -> Duration
    private let state = Mutex(State())

    init(continuous: @escaping @Sendable () -> Duration) { self.continuous = continuous }

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

    /// A ticket for what `token` opens, or why there is none. Only open tickets count: neither used nor expired ones.
    func issue(for token: AccessToken) throws(Refusal) -> String {
        let now = continuous()
        let text = Self.randomText()
        let expiry = now + AuthenticationLimits.ticketLifetime
        let refusal = state.withLock { state -> Refusal? in
            state.dropExpired(now)
            state.compact()
            guard state.shares[token.digest, default: 0] < AuthenticationLimits.ticketsPerToken else { return .share }
            guard state.open.count < AuthenticationLimits.tickets else { return .total }
            state.open[text] = Ticket(token: token, expiry: expiry)
            state.shares[token.digest, default: 0] += 1
            state.order.append((text, expiry))
            return nil
        }
        if let refusal { throw refusal }
        return text
    }

    /// The token that a ticket stands for, once; nil for a ticket that is unknown, used or too old.
    func redeem(_ text: String) -> AccessToken? {
        let now = continuous()
        return state.withLock { state in
            state.dropExpired(now)
            return state.take(text)
        }
    }
}
