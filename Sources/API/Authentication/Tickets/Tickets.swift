import Basics
import Digest
import Synchronization

/// Makes and accepts tickets: what stands for a token in the URL of an `EventSource`, which cannot send fields.
///
/// A ticket is sealed (`SealedTicket`), so any replica with the token accepts it, and a ticket has the rights that its token has there and
/// now. A replica remembers only the tickets of one use that it accepted. A restart forgets them, so they are short-lived.
///
/// Ends are times of the wall clock, since replicas share no other. By the clock of the replica that accepts it, no ticket is good for
/// longer than a new one and `ticketClockTolerance`.
final class Tickets: Sendable {
    /// A token may not have so many tickets; it can have another after these seconds.
    struct TooMany: Error, Sendable, Hashable {
        let retrySeconds: Int
    }

    /// Why a ticket opens nothing.
    enum Fault: Error, Sendable, Hashable {
        /// It is no ticket, or the seal does not fit.
        case invalid
        /// No token here has made it.
        case unknownToken
        /// Its time is over; both times are in milliseconds since 1970 UTC.
        case ended(end: Int64, now: Int64)
        /// It ends later than a new ticket would, and the tolerance is exceeded.
        case endsTooLate(end: Int64, now: Int64, SealedTicket.Kind)
        /// It was good for one stream.
        case used
        /// It is for another path or query.
        case otherTarget
        /// The token has used too many to remember one more.
        case tokenUsesTooMany(name: String)
        /// All tokens have.
        case allUseTooMany
    }

    /// The tickets that one token got.
    private struct Window: Sendable {
        var beganAt: Duration
        var count = 0
    }

    private struct State: Sendable {
        var used = UsedTickets()
        /// By the token's digest: its name may be given to another token meanwhile.
        var windows: [SHA256Digest: Window] = [:]
    }

    /// For how long a reusable ticket is good.
    let age: Duration
    private let store: TokenStore
    private let wallMilliseconds: @Sendable () -> Int64
    private let continuous: @Sendable () -> Duration
    private let state = Mutex(State())

    init(
        store: TokenStore,
        age: Duration,
        wallMilliseconds: @escaping @Sendable () -> Int64,
        continuous: @escaping @Sendable () -> Duration
    ) {
        self.store = store
        self.age = age
        self.wallMilliseconds = wallMilliseconds
        self.continuous = continuous
    }

    /// For how long a new ticket is good.
    func lifetime(of kind: SealedTicket.Kind) -> Duration {
        switch kind {
        case .single: AuthenticationLimits.ticketLifetime
        case .reusable: age
        }
    }

    /// The text of a new ticket of `token`: for one use, or for all requests of `target`.
    func issue(for token: AccessToken, target: TicketTarget?) throws(TooMany) -> String {
        try count(token)
        let key = TicketKey(of: token.digest)
        let kind: SealedTicket.Kind = target == nil ? .single : .reusable
        let ticket = SealedTicket(
            kind: kind,
            tokenID: key.tokenID,
            end: wallMilliseconds() + lifetime(of: kind).wholeMilliseconds,
            mark: target?.mark ?? .random()
        )
        return ticket.text(under: key)
    }

    private func count(_ token: AccessToken) throws(TooMany) {
        let now = continuous()
        let length = AuthenticationLimits.ticketWindow
        let rest = state.withLock { state -> Duration? in
            // Tokens that were removed leave their windows behind.
            if state.windows.count >= AuthenticationLimits.tokens {
                state.windows = state.windows.filter { now - $0.value.beganAt < length }
            }
            var window = state.windows[token.digest] ?? Window(beganAt: now)
            if now - window.beganAt >= length { window = Window(beganAt: now) }
            guard window.count < AuthenticationLimits.ticketsPerToken else { return window.beganAt + length - now }
            window.count += 1
            state.windows[token.digest] = window
            return nil
        }
        if let rest { throw TooMany(retrySeconds: Int(rest.wholeSeconds) + 1) }
    }

    /// The rights that a ticket gives at `target`: those that its token has now.
    func redeem(_ text: String, for target: TicketTarget) throws(Fault) -> Grant {
        guard let claim = SealedTicket.Claim(text) else { throw .invalid }
        let ticket = claim.ticket
        guard let token = store.token(withTicketID: ticket.tokenID) else { throw .unknownToken }
        guard claim.isSealed(under: TicketKey(of: token.digest)) else { throw .invalid }
        // Only a client that has a ticket of a token learns more than that it has none.
        let now = wallMilliseconds()
        guard now < ticket.end else { throw .ended(end: ticket.end, now: now) }
        let longest = lifetime(of: ticket.kind) + AuthenticationLimits.ticketClockTolerance
        guard ticket.end - now <= longest.wholeMilliseconds else {
            throw .endsTooLate(end: ticket.end, now: now, ticket.kind)
        }
        switch ticket.kind {
        case .single:
            try use(ticket, of: token, now: now)
            return Grant(token: token)
        case .reusable:
            guard ticket.mark == target.mark else { throw .otherTarget }
            return Grant(token: token, ticketEnd: ticket.end)
        }
    }

    private func use(_ ticket: SealedTicket, of token: AccessToken, now: Int64) throws(Fault) {
        switch state.withLock({ $0.used.use(ticket, now: now) }) {
        case .accepted: return
        case .used: throw .used
        case .forgotten: throw .ended(end: ticket.end, now: now)
        case .share: throw .tokenUsesTooMany(name: token.name)
        case .total: throw .allUseTooMany
        }
    }
}

extension Tickets.Fault {
    /// The response to a request with such a ticket. It never has the ticket.
    var problem: Problem {
        let remedy = "Get another from POST /v1/tickets."
        switch self {
        case .invalid:
            return Self.unauthorized("The ticket is not valid: it was cut, changed or made up. \(remedy)")
        case .unknownToken:
            return Self.unauthorized(
                "The ticket belongs to no token that this replica knows: the token was removed or replaced, or the replicas have "
                    + "different token files. \(remedy)"
            )
        case .ended(let end, let now):
            return Self.unauthorized(
                "The ticket ended at \(Timestamp.text(end)), and this replica's clock says \(Timestamp.text(now)). \(remedy)"
            )
        case .endsTooLate(let end, let now, let kind):
            let cause = kind == .single ? "The clocks" : "The clocks, or --ticket-age,"
            return Self.unauthorized(
                "The ticket ends at \(Timestamp.text(end)), too long after \(Timestamp.text(now)), which this replica's clock says. "
                    + "\(cause) of the replicas differ: set them right. \(remedy)"
            )
        case .used:
            return Self.unauthorized("The ticket was used before, and opens one stream only. \(remedy)")
        case .otherTarget:
            return Self.unauthorized(
                "The reusable ticket is for another path or query. Use the 'url' that POST /v1/tickets gave as it is, or get a "
                    + "ticket for this one."
            )
        case .tokenUsesTooMany(let name):
            return Self.tooMany(
                "The tickets of the token '\(name)' opened \(AuthenticationLimits.usedTicketsPerToken) streams within their time, "
                    + "as many as one token may open."
            )
        case .allUseTooMany: return Self.tooMany("The tickets of all tokens opened too many streams within their time.")
        }
    }

    private static func tooMany(_ sentence: String) -> Problem {
        let retry = Problem.Extension.retryAfter(seconds: AuthenticationLimits.ticketRetrySeconds)
        return Problem(429, .tooManyTickets, "\(sentence) Try again later.", retry)
    }

    private static func unauthorized(_ detail: String) -> Problem {
        Authenticator.unauthorized(detail, error: "invalid_token")
    }
}
