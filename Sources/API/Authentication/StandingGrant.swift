import Feed
import HTTPServer

/// The end of a reusable ticket, by the wall clock: monotonic clocks stand still while a machine sleeps.
struct TicketEnd: Sendable {
    /// Milliseconds since 1970 UTC.
    private let time: Int64
    private let clock: @Sendable () -> Int64

    init(at time: Int64, clock: @escaping @Sendable () -> Int64) {
        self.time = time
        self.clock = clock
    }

    /// The time until the end; not positive behind it.
    var remaining: Duration { .milliseconds(time - clock()) }
}

/// The right by which a request was let in, for as long as its response takes: a token that is removed, or narrowed, ends what it
/// opened, and so does the end of a reusable ticket.
///
/// Costs one atomic load while the tokens have not changed. Confined to the event loop of its connection, as the responses that have it.
struct StandingGrant {
    private let store: TokenStore
    private let token: AccessToken
    private let scope: AccessScope
    /// Nil unless a reusable ticket let the request in.
    private let ticket: TicketEnd?
    /// The changes of the tokens at the last look. None at first: the tokens may have changed since the request was let in.
    private var seen: Int?

    init(_ token: AccessToken, _ scope: AccessScope, in store: TokenStore, until ticket: TicketEnd? = nil) {
        self.store = store
        self.token = token
        self.scope = scope
        self.ticket = ticket
    }

    /// Why it no longer stands.
    enum Loss: Sendable, Hashable {
        /// The token was removed or narrowed.
        case revoked
        /// The ticket has ended.
        case ticketEnded
    }

    /// Why it no longer stands; nil while it does.
    mutating func loss() -> Loss? {
        let count = store.changeCount
        if seen != count {
            guard store.upholds(token, scope) else { return .revoked }
            seen = count
        }
        if let ticket, ticket.remaining <= .zero { return .ticketEnded }
        return nil
    }

    /// When to look again, though nothing wakes the response; `deadline` where that is sooner.
    func deadline(_ deadline: Duration?, now: Duration) -> Duration? {
        guard let ticket else { return deadline }
        let end = now + max(.milliseconds(1), ticket.remaining)
        return deadline.map { min($0, end) } ?? end
    }

    /// Makes a response that takes time depend on the token: a feed says `bye` and ends, any other stream breaks off, a long poll is a
    /// 401.
    func watch(_ response: inout HTTPResponse, to request: HTTPRequest) {
        switch response.body {
        case .stream(let body): response.body = .stream(GrantedStream(body, self))
        case .pending(let pending): response.body = .pending(GrantedResponse(pending, to: request, self))
        case .none, .bytes: break
        }
    }
}

/// A streaming body for as long as its token is good.
private final class GrantedStream: StreamingBody {
    private let body: any StreamingBody
    private var grant: StandingGrant

    fileprivate init(_ body: any StreamingBody, _ grant: StandingGrant) {
        self.body = body
        self.grant = grant
    }

    func produce(into output: inout [UInt8], budget: Int, now: Duration) -> StreamStep {
        if let loss = grant.loss() {
            // An export has no way to say why, and must not look whole.
            guard let feed = body as? any FeedBody else { return .abort }
            feed.withdraw(loss == .revoked ? .revoked : .ticketEnded)
        }
        let step = body.produce(into: &output, budget: budget, now: now)
        guard case .wait(let deadline) = step else { return step }
        return .wait(until: grant.deadline(deadline, now: now))
    }

    var length: Int? { body.length }
    var isFinite: Bool { body.isFinite }
    var keptBytes: Int { body.keptBytes }
    func mustEnd(now: Duration) -> Bool { body.mustEnd(now: now) }
    var stallLimit: Duration? { body.stallLimit }

    func drain() { body.drain() }
    func finished(_ reason: StreamEnd) { body.finished(reason) }
}

/// A pending response for as long as its token is good.
private final class GrantedResponse: PendingResponse {
    private let pending: any PendingResponse
    private let request: HTTPRequest
    private var grant: StandingGrant

    init(_ pending: any PendingResponse, to request: HTTPRequest, _ grant: StandingGrant) {
        self.pending = pending
        self.request = request
        self.grant = grant
    }

    func poll(now: Duration) -> PendingStep {
        if let loss = grant.loss() {
            let problem = Authenticator.unauthorized(Self.sentence(loss), error: "invalid_token")
            return .answer(problem.response(id: request.id))
        }
        switch pending.poll(now: now) {
        case .again: return .again
        case .wait(let deadline): return .wait(until: grant.deadline(deadline, now: now) ?? deadline)
        case .answer(var response):
            grant.watch(&response, to: request)
            return .answer(response)
        }
    }

    private static func sentence(_ loss: StandingGrant.Loss) -> String {
        switch loss {
        case .revoked:
            "The token was removed, or its rights were changed, while the request waited. Use a token that is in use."
        case .ticketEnded: "The ticket ended while the request waited. Get another from POST /v1/tickets."
        }
    }

    func drain() { pending.drain() }
    func finished(_ reason: StreamEnd) { pending.finished(reason) }
}
