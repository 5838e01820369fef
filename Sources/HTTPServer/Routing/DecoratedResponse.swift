/// A route's pending answer, with what the router does to a response done when it comes.
final class DecoratedResponse: PendingResponse {
    private let answer: any PendingResponse
    private let request: HTTPRequest
    private let route: String?
    private let principal: String?
    private let decorate: @Sendable (HTTPRequest?, inout HTTPResponse) -> Void

    init(
        _ answer: any PendingResponse,
        to request: HTTPRequest,
        route: String?,
        principal: String?,
        decorate: @escaping @Sendable (HTTPRequest?, inout HTTPResponse) -> Void
    ) {
        self.answer = answer
        self.request = request
        self.route = route
        self.principal = principal
        self.decorate = decorate
    }

    func poll(now: Duration) -> PendingStep {
        switch answer.poll(now: now) {
        case .wait(let until): return .wait(until: until)
        case .again: return .again
        case .answer(var response):
            response.route = route
            response.principal = principal
            decorate(request, &response)
            return .answer(response)
        }
    }

    func drain() { answer.drain() }
    func finished(_ reason: StreamEnd) { answer.finished(reason) }
}
