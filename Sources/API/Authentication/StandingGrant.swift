import Feed
import HTTPServer

/// What let a request in, for as long as its answer takes: a token that is removed, or narrowed, ends what it opened.
///
/// Costs one atomic load while the tokens have not changed. Confined to the event loop of its connection, as the answers that have it.
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

    /// Makes an answer that takes time depend on `token`: a feed says `bye` and ends, any other stream breaks off, a long poll is a 401.
    static func watch(_ response: inout HTTPResponse, _ token: AccessToken, _ scope: AccessScope, in store: TokenStore)
    {
        let grant = StandingGrant(token, scope, in: store)
        switch response.body {
        case .stream(let body): response.body = .stream(GrantedStream(body, grant))
        case .pending(let answer): response.body = .pending(GrantedResponse(answer, grant))
        case .none, .bytes: break
        }
    }
}

/// A streaming body for as long as its token is good.
private final class GrantedStream: StreamingBody {
    private let body: any StreamingBody
    private var grant: StandingGrant

    init(_ body: any StreamingBody, _ grant: StandingGrant) {
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

    func drain() { body.drain() }
    func finished(_ reason: StreamEnd) { body.finished(reason) }
}

/// A pending answer for as long as its token is good.
private final class GrantedResponse: PendingResponse {
    private let answer: any PendingResponse
    private var grant: StandingGrant

    init(_ answer: any PendingResponse, _ grant: StandingGrant) {
        self.answer = answer
        self.grant = grant
    }

    func poll(now: Duration) -> PendingStep {
        if grant.holds() { return answer.poll(now: now) }
        let problem = Authenticator.unauthorized(
            "The token was removed, or its rights were changed, while the request waited. Use a token that is in use.",
            error: "invalid_token"
        )
        return .answer(problem.response())
    }

    func drain() { answer.drain() }
    func finished(_ reason: StreamEnd) { answer.finished(reason) }
}
