/// The result of one poll of a pending response.
package enum PendingStep {
    /// Not yet: poll again after `HTTPServer.wakeStreams()` or at the deadline on the server's suspending clock.
    case wait(until: Duration)
    /// There is more to do: poll again when others have had their turn. Each step should take well under a millisecond.
    case again
    /// The response; its body must not be pending again.
    case answer(HTTPResponse)
}

/// A response that comes later (a long poll). Confined to the event loop of its connection: every call comes from there.
package protocol PendingResponse: AnyObject {
    /// Called when the request is complete, at each wake-up and at each deadline.
    func poll(now: Duration) -> PendingStep
    /// The server is draining: the next `poll` must give the response.
    func drain()
    /// Called exactly once, after the last poll; `clientGone` when the client left before the response.
    func finished(_ reason: StreamEnd)
}

extension PendingResponse {
    /// This response with `change` made to it when it comes. Where `change` makes it pending again, the new pending response takes
    /// its place.
    package func map(_ change: @escaping (inout HTTPResponse) -> Void) -> any PendingResponse {
        MappedResponse(self, change)
    }
}

private final class MappedResponse: PendingResponse {
    private var source: any PendingResponse
    /// Nil once it was made.
    private var change: ((inout HTTPResponse) -> Void)?
    private var isDraining = false

    init(_ source: any PendingResponse, _ change: @escaping (inout HTTPResponse) -> Void) {
        self.source = source
        self.change = change
    }

    func poll(now: Duration) -> PendingStep {
        let step = source.poll(now: now)
        guard let change, case .answer(var response) = step else { return step }
        self.change = nil
        change(&response)
        guard case .pending(let next) = response.body else { return .answer(response) }
        source.finished(.completed)
        source = next
        if isDraining { next.drain() }
        return .again
    }

    func drain() {
        isDraining = true
        source.drain()
    }

    func finished(_ reason: StreamEnd) { source.finished(reason) }
}
