import Feed
import HTTPServer

/// The right by which a request was let in, for as long as its response takes: a token that is removed, or narrowed, ends what it
/// opened.
///
/// Costs one atomic load while the tokens have not changed. Confined to the event loop of its connection, as the responses that have it.
struct StandingGrant {
    private let store: TokenStore
    private let token: AccessToken
    private let scope: AccessScope
    /// The changes of the tokens at the last look. None at first: the tokens may have changed since the request was let in.
    private var seen: Int?

    init(_ token: AccessToken, _ scope: AccessScope, in store: TokenStore) {
        self.store = store
        self.token = token
        self.scope = scope
    }

    /// Whether it still stands.
    mutating func holds() -> Bool {
        let count = store.changeCount
        if seen == count { return true }
        guard store.upholds(token, scope) else { return false }
        seen = count
        return true
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
        if !grant.holds() {
            // An export has no way to say why, and must not look whole.
            guard let feed = body as? FeedStream else { return .abort }
            feed.revoke()
        }
        return body.produce(into: &output, budget: budget, now: now)
    }

    var length: Int? { body.length }
    var isFinite: Bool { body.isFinite }
    var keptBytes: Int { body.keptBytes }
    func mustEnd(now: Duration) -> Bool { body.mustEnd(now: now) }

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
        if grant.holds() {
            let step = pending.poll(now: now)
            guard case .answer(var response) = step else { return step }
            grant.watch(&response, to: request)
            return .answer(response)
        }
        let problem = Authenticator.unauthorized(
            "The token was removed, or its rights were changed, while the request waited. Use a token that is in use.",
            error: "invalid_token"
        )
        return .answer(problem.response(id: request.id))
    }

    func drain() { pending.drain() }
    func finished(_ reason: StreamEnd) { pending.finished(reason) }
}
