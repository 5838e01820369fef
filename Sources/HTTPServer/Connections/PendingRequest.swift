/// A request whose response is pending.
final class PendingRequest {
    let response: any PendingResponse
    let request: HTTPRequest
    let route: Route?
    let began: Instant

    init(response: any PendingResponse, request: HTTPRequest, route: Route?, began: Instant) {
        self.response = response
        self.request = request
        self.route = route
        self.began = began
    }
}
