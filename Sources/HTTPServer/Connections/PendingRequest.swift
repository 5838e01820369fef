/// A request whose response is pending.
final class PendingRequest {
    let response: any PendingResponse
    let request: HTTPRequest
    let route: String?
    let began: Instant

    init(response: any PendingResponse, request: HTTPRequest, route: String?, began: Instant) {
        self.response = response
        self.request = request
        self.route = route
        self.began = began
    }
}
